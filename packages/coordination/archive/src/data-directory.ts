import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Backoff, backoffMs, codeOf, type Logger, messageOf } from '@reeve/base';
import {
  contentsOf,
  epochsFile,
  JournalError,
  type JournalPlace,
  nodeDisk,
  type Recovered,
  type RecoverySink,
  readJournal,
  sessionSecretFile,
} from '@reeve/journal';
import { apply, decodeTxn, nobody, SnapshotLoader, Tree } from '@reeve/tree';
import { Reader } from '@reeve/wire';
import { ArchiveError } from './archive-error.ts';

/** The directories of a coordinator, which may be at work there. */
export interface DataPlace {
  readonly dataDirectory: string;
  /** Where the log lies; the same unless it was put elsewhere. */
  readonly logDirectory: string;
  readonly logger: Logger;
}

/** The state that a coordinator's directories hold. */
export interface LoadedState {
  readonly tree: Tree;
  readonly recovered: Recovered;
}

const attemptsMax = 8;
const pause: Backoff = { baseMs: 50, factor: 2, ceilingMs: 2_000, jitter: 0.2 };

/**
 * Loads the state as of the last whole batch of the log, or of an earlier zxid. A coordinator at work there is not
 * disturbed: where files come and go while they are read, they are read again.
 *
 * @throws ArchiveError, JournalError
 */
export async function loadState(place: DataPlace, untilZxid?: number): Promise<LoadedState> {
  return whileItChanges(place, async (journal) => {
    const tree = new Tree();
    const { recovered } = await readJournal(journal, filling(tree), untilZxid);
    return { tree, recovered };
  });
}

/**
 * What a start would find, without loading it.
 *
 * @throws ArchiveError, JournalError
 */
export async function rehearse(place: DataPlace): Promise<Recovered> {
  return whileItChanges(place, async (journal) => (await readJournal(journal, readOnly)).recovered);
}

/** The key of the sessions' passwords; none where no coordinator has started yet. */
export async function readSecret(dataDirectory: string): Promise<Buffer | undefined> {
  try {
    return await readFile(join(dataDirectory, sessionSecretFile));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Refuses what is no data directory of a coordinator. @throws ArchiveError */
export async function requireDataDirectory({ dataDirectory, logDirectory }: DataPlace): Promise<void> {
  const names = await namesIn(dataDirectory);
  const { snapshots, segments } = contentsOf(names, await namesIn(logDirectory));
  const marks = [sessionSecretFile, epochsFile, 'version-2'];
  if (snapshots.length + segments.length > 0 || marks.some((mark) => names.includes(mark))) return;
  const what = names.length === 0 ? 'it is empty' : 'it holds neither snapshot nor log';
  throw new ArchiveError({ code: 'directory_foreign', directory: dataDirectory, what });
}

/** The names in a directory. @throws ArchiveError */
export async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      throw new ArchiveError({ code: 'directory_missing', directory }, { cause: error });
    }
    throw new ArchiveError({ code: 'file_unreadable', file: directory, reason: messageOf(error) }, { cause: error });
  }
}

/** Reads, and reads again when what was found may only be the trace of a coordinator at work. */
async function whileItChanges<T>(place: DataPlace, read: (journal: JournalPlace) => Promise<T>): Promise<T> {
  await requireDataDirectory(place);
  const journal = { ...place, disk: nodeDisk };
  for (let attempt = 1; ; attempt += 1) {
    const before = await fingerprint(place);
    try {
      return await read(journal);
    } catch (error) {
      if (!mayPass(error) || (await fingerprint(place)) === before) throw error;
      if (attempt === attemptsMax) throw unsettled(place, error);
    }
    await sleep(backoffMs(pause, attempt, Math.random));
  }
}

/** A file that has gone was purged; damage may be a batch that is being written. */
function mayPass(error: unknown): boolean {
  if (codeOf(error) === 'ENOENT') return true;
  return error instanceof JournalError && (error.code === 'log_corrupt' || error.code === 'log_missing');
}

function unsettled({ dataDirectory: directory }: DataPlace, cause: unknown): ArchiveError {
  return new ArchiveError({ code: 'directory_unsettled', directory, reason: messageOf(cause) }, { cause });
}

/** Names, sizes and times of all files: what differs when something was written meanwhile. */
async function fingerprint({ dataDirectory, logDirectory }: DataPlace): Promise<string> {
  const lines: string[] = [];
  for (const directory of new Set([dataDirectory, logDirectory])) {
    for (const name of await readdir(directory)) {
      const facts = await stat(join(directory, name)).catch(() => undefined);
      lines.push(`${directory} ${name} ${facts?.size} ${facts?.mtimeMs}`);
    }
  }
  return lines.sort().join('\n');
}

function filling(tree: Tree): RecoverySink {
  const reader = new Reader();
  return {
    async snapshot(_zxid, slices) {
      const loader = new SnapshotLoader(tree);
      for await (const slice of slices) loader.take(slice);
      loader.finish();
    },
    entries(entries) {
      for (const { zxid, payload } of entries) {
        const { txn, ...origin } = decodeTxn(reader.reset(payload));
        apply(tree, { ...origin, zxid }, txn, nobody);
      }
    },
  };
}

const readOnly: RecoverySink = {
  async snapshot(_zxid, slices) {
    for await (const slice of slices) void slice;
  },
  entries: () => undefined,
};
