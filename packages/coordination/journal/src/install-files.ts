import { join } from 'node:path';
import type { JournalPlace } from './journal-place.ts';
import { type SegmentName, segmentName, segmentsIn } from './segment.ts';
import { type SnapshotName, snapshotName, snapshotsIn } from './snapshots.ts';

/*
 * A snapshot that came from another member takes the place of everything, in steps that a start can finish:
 *
 *   install.tmp, log.install.<first zxid>   being written: a start removes them
 *   install.<zxid>                          both are whole: from here on they are the content, and nothing else is
 *   ... all other snapshots and log files go, then log.install.<f> becomes log.<f>, then install.<z> snapshot.<z>
 *
 * So `log.install.*` is there for as long as the old log may be. It is there without entries as well, named after zxid 0.
 */
const installPattern = /^install\.([0-9a-f]{1,16})$/;
const stagedPattern = /^log\.install\.([0-9a-f]{1,16})$/;
/** A snapshot that comes from another member, until it is whole. */
export const temporaryInstallName = 'install.tmp';

export function installName(zxid: number): string {
  return `install.${zxid.toString(16)}`;
}

/** The log that belongs to a snapshot that is being installed; `firstZxid` is 0 when it holds no entries. */
export function stagedLogName(firstZxid: number): string {
  return `log.install.${firstZxid.toString(16)}`;
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
  return named(names, installPattern)[0];
}

/** The files that count among the names of a data directory and a log directory. */
export function contentsOf(names: readonly string[], logNames: readonly string[]): Contents {
  const install = installIn(names);
  if (install === undefined) return { snapshots: snapshotsIn(names), segments: segmentsIn(logNames) };
  const staged = stagedIn(logNames);
  if (staged === undefined) return { snapshots: [install], segments: segmentsIn(logNames) };
  const segments = staged.zxid === 0 ? [] : [{ name: staged.name, firstZxid: staged.zxid }];
  return { snapshots: [install], segments };
}

/** Finishes an installation; what was there before goes. Does nothing when there is none. */
export async function finishInstall({
  disk,
  dataDirectory,
  logDirectory,
}: JournalPlace): Promise<SnapshotName | undefined> {
  const names = await disk.list(dataDirectory);
  const install = installIn(names);
  if (install === undefined) return undefined;
  const logNames = await disk.list(logDirectory);
  const staged = stagedIn(logNames);
  if (staged !== undefined) {
    for (const { name } of segmentsIn(logNames)) await disk.remove(join(logDirectory, name));
    await disk.syncDirectory(logDirectory);
    const path = join(logDirectory, staged.name);
    if (staged.zxid === 0) await disk.remove(path);
    else await disk.rename(path, join(logDirectory, segmentName(staged.zxid)));
    await disk.syncDirectory(logDirectory);
  }
  for (const { name } of snapshotsIn(names)) await disk.remove(join(dataDirectory, name));
  await disk.syncDirectory(dataDirectory);
  await disk.rename(join(dataDirectory, install.name), join(dataDirectory, snapshotName(install.zxid)));
  await disk.syncDirectory(dataDirectory);
  return install;
}

/** Removes what was written for an installation that is not to be, or of which a crash left no more than that. */
export async function removeStaged({ disk, dataDirectory, logDirectory }: JournalPlace): Promise<void> {
  await disk.remove(join(dataDirectory, temporaryInstallName));
  for (const { name } of named(await disk.list(logDirectory), stagedPattern))
    await disk.remove(join(logDirectory, name));
}

function stagedIn(logNames: readonly string[]): SnapshotName | undefined {
  return named(logNames, stagedPattern)[0];
}

function named(names: readonly string[], pattern: RegExp): SnapshotName[] {
  return names.flatMap((name) => {
    const hex = pattern.exec(name)?.[1];
    return hex === undefined ? [] : [{ name, zxid: Number.parseInt(hex, 16) }];
  });
}
