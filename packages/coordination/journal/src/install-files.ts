import { join } from 'node:path';
import type { JournalPlace } from './journal-place.ts';
import { type SegmentName, segmentsIn } from './segment.ts';
import { type SnapshotName, snapshotName, snapshotsIn } from './snapshots.ts';

/*
 * A snapshot that takes the place of everything does so in steps that a start can finish: it is written as `install.tmp`;
 * once it is whole and called `install.<zxid>` it is the content, and nothing else is; then all other snapshots and all log
 * files go, and it gets its name as a snapshot.
 */
const namePattern = /^install\.([0-9a-f]{1,16})$/;
/** A snapshot that is to take the place of everything, until it is whole. */
export const temporaryInstallName = 'install.tmp';

export function installName(zxid: number): string {
  return `install.${zxid.toString(16)}`;
}

/** The files of a journal's directories that a start reads. */
export interface Contents {
  /** Newest first. */
  readonly snapshots: readonly SnapshotName[];
  /** Oldest first. */
  readonly segments: readonly SegmentName[];
}

/** An installation that was not finished, among the names of a data directory. */
export function installIn(names: readonly string[]): SnapshotName | undefined {
  for (const name of names) {
    const hex = namePattern.exec(name)?.[1];
    if (hex !== undefined) return { name, zxid: Number.parseInt(hex, 16) };
  }
  return undefined;
}

/** The files that count among the names of a data directory and a log directory. */
export function contentsOf(names: readonly string[], logNames: readonly string[]): Contents {
  const install = installIn(names);
  if (install !== undefined) return { snapshots: [install], segments: [] };
  return { snapshots: snapshotsIn(names), segments: segmentsIn(logNames) };
}

/** Finishes an installation, and says which; does nothing when there is none. */
export async function finishInstall(place: JournalPlace): Promise<SnapshotName | undefined> {
  const { disk, dataDirectory, logDirectory } = place;
  const names = await disk.list(dataDirectory);
  const install = installIn(names);
  if (install === undefined) return undefined;
  for (const { name } of segmentsIn(await disk.list(logDirectory))) await disk.remove(join(logDirectory, name));
  await disk.syncDirectory(logDirectory);
  for (const { name } of snapshotsIn(names)) await disk.remove(join(dataDirectory, name));
  await disk.syncDirectory(dataDirectory);
  await disk.rename(join(dataDirectory, install.name), join(dataDirectory, snapshotName(install.zxid)));
  await disk.syncDirectory(dataDirectory);
  return install;
}
