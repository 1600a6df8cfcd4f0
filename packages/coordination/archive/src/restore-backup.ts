import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '@reeve/base';
import {
  lockDirectory,
  nodeDisk,
  sessionSecretFile,
  snapshotsIn,
  unfinishedRestoreFile,
  writeSnapshot,
} from '@reeve/journal';
import { takeSnapshot } from '@reeve/tree';
import { ArchiveError } from './archive-error.ts';
import { type ReadBackup, readBackup } from './backup-reader.ts';
import { namesIn } from './data-directory.ts';

/** Where a backup is restored to. */
export interface RestorePlace {
  readonly dataDirectory: string;
  /** Where the coordinator will keep its log; must be empty as well. */
  readonly logDirectory: string;
  readonly signal: AbortSignal;
}

/**
 * Restores a backup (`-`: standard input) into an empty or a new directory, from which a coordinator then starts with
 * the same znodes, zxids and sessions. The backup is checked whole before anything is written.
 *
 * @throws ArchiveError, JournalError `directory_locked`, `directory_unusable`
 */
export async function restoreBackup(file: string, place: RestorePlace): Promise<ReadBackup> {
  for (const directory of new Set([place.dataDirectory, place.logDirectory])) await requireEmpty(directory);
  const backup = await readBackup(file);
  const lock = await lockDirectory(place.dataDirectory);
  try {
    await fill(place, backup);
  } finally {
    await lock.release();
  }
  return backup;
}

async function requireEmpty(directory: string): Promise<void> {
  const names = await namesIn(directory).catch((error: unknown) => {
    if (codeOf(error) === 'directory_missing') return [];
    throw error;
  });
  const [found] = names;
  if (found !== undefined) throw new ArchiveError({ code: 'target_not_empty', directory, found });
}

/** The mark keeps a coordinator from starting, empty, in a directory whose restore was cut short. */
async function fill({ dataDirectory, signal }: RestorePlace, { tree, secret }: ReadBackup): Promise<void> {
  const mark = join(dataDirectory, unfinishedRestoreFile);
  await writeDurably(mark, Buffer.alloc(0));
  await nodeDisk.syncDirectory(dataDirectory);
  try {
    if (secret !== undefined) await writeDurably(join(dataDirectory, sessionSecretFile), secret);
    await writeSnapshot({ disk: nodeDisk, dataDirectory }, takeSnapshot(tree), { pace: 'alone', signal });
  } catch (error) {
    await empty(dataDirectory);
    throw error;
  }
  await rm(mark);
  await nodeDisk.syncDirectory(dataDirectory);
}

async function empty(directory: string): Promise<void> {
  const ours = snapshotsIn(await namesIn(directory)).map(({ name }) => name);
  for (const name of [...ours, sessionSecretFile, unfinishedRestoreFile]) {
    await rm(join(directory, name), { force: true });
  }
}

async function writeDurably(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
