import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { portionsOf, type SnapshotPace, type SnapshotSource } from './portions.ts';
import { SnapshotWriter } from './snapshot-writer.ts';

const namePattern = /^snapshot\.([0-9a-f]{1,16})$/;
/** A snapshot that is being written, until it is whole. */
export const temporarySnapshotName = 'snapshot.tmp';

/** A snapshot file: `snapshot.<zxid, hexadecimal>`. */
export interface SnapshotName {
  readonly name: string;
  readonly zxid: number;
}

export function snapshotName(zxid: number): string {
  return `snapshot.${zxid.toString(16)}`;
}

/** The snapshots among the names of a directory, newest first. */
export function snapshotsIn(names: readonly string[]): SnapshotName[] {
  return names
    .flatMap((name) => {
      const hex = namePattern.exec(name)?.[1];
      return hex === undefined ? [] : [{ name, zxid: Number.parseInt(hex, 16) }];
    })
    .sort((a, b) => b.zxid - a.zxid);
}

/** Where a snapshot goes. */
export interface SnapshotPlace {
  readonly disk: Disk;
  readonly dataDirectory: string;
}

/** A snapshot that is to be written. */
export interface SnapshotJob extends SnapshotPace {
  /**
   * Resolves when the log on disk reaches a zxid: a snapshot must not hold traces of what a crash could still take. Not
   * there where no log goes with it.
   */
  readonly logReaches?: (zxid: number) => Promise<void>;
}

/** Writes a snapshot; it is there, whole and on disk, or not at all. Says how many bytes it takes. */
export async function writeSnapshot(place: SnapshotPlace, source: SnapshotSource, job: SnapshotJob): Promise<number> {
  const { disk, dataDirectory: directory } = place;
  const temporary = join(directory, temporarySnapshotName);
  const writer = await SnapshotWriter.begin(disk, temporary, source.zxid);
  let length: number;
  try {
    for await (const { bytes, slices } of portionsOf(source, job)) await writer.write(bytes, slices.length);
    const lastZxidSeen = source.lastZxidSeen();
    await job.logReaches?.(lastZxidSeen);
    length = await writer.finish(lastZxidSeen);
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  await disk.rename(temporary, join(directory, snapshotName(source.zxid)));
  await disk.syncDirectory(directory);
  return length;
}
