import { resolve } from 'node:path';
import { type Tree, takeSnapshot } from '@reeve/tree';
import { type BackupFacts, backupHead, type SectionKind, sectionHead } from './backup-format.ts';
import { type BackupSink, type BackupStream, intoFile, intoStream } from './backup-sink.ts';
import { type DataPlace, loadState, readSecret } from './data-directory.ts';

/** A backup that was made. */
export interface MadeBackup {
  readonly facts: BackupFacts;
  readonly bytes: number;
}

/**
 * Makes a backup of a coordinator's directories, without its help and without disturbing it: the state as of the last
 * whole batch of its log, in one file that is there whole and on disk, or not at all.
 *
 * @param out a file, or a stream such as standard output
 * @throws ArchiveError, JournalError
 * @example
 * await createBackup({ dataDirectory: './data', logDirectory: './data', logger: silent }, 'monday.backup');
 */
export async function createBackup(place: DataPlace, out: string | BackupStream): Promise<MadeBackup> {
  const { tree } = await loadState(place);
  const secret = await readSecret(place.dataDirectory);
  const write = (sink: BackupSink) => writeBackup(sink, tree, secret);
  return typeof out === 'string' ? intoFile(resolve(out), write) : write(intoStream(out));
}

async function writeBackup(sink: BackupSink, tree: Tree, secret: Buffer | undefined): Promise<MadeBackup> {
  const facts = factsOf(tree);
  const head = backupHead();
  await sink.write(head);
  const sections = new Sections(sink, head.length);
  await sections.add('facts', Buffer.from(JSON.stringify(facts)));
  if (secret !== undefined) await sections.add('secret', secret);
  // A stream may keep what it is given for a while.
  for (const slice of takeSnapshot(tree).slices) await sections.add('slice', Buffer.from(slice));
  const end = Buffer.alloc(4);
  end.writeUInt32BE(sections.count);
  await sections.add('end', end);
  return { facts, bytes: sections.bytes };
}

class Sections {
  readonly #sink: BackupSink;
  count = 0;
  bytes: number;

  constructor(sink: BackupSink, bytesBefore: number) {
    this.#sink = sink;
    this.bytes = bytesBefore;
  }

  async add(kind: SectionKind, bytes: Buffer): Promise<void> {
    const head = sectionHead(kind, bytes);
    await this.#sink.write(head);
    await this.#sink.write(bytes);
    this.count += 1;
    this.bytes += head.length + bytes.length;
  }
}

function factsOf(tree: Tree): BackupFacts {
  const { lastZxid: zxid, size: znodes, sessions } = tree;
  const ephemerals = [...sessions.keys()].reduce((sum, session) => sum + [...tree.ephemeralsOf(session)].length, 0);
  return { zxid, znodes, sessions: sessions.size, ephemerals, madeMs: Date.now() };
}
