import { join } from 'node:path';
import { invariant, messageOf } from '@reeve/base';
import { Batch, type Entry } from './batch.ts';
import { finishInstall, installName, removeStaged, stagedLogName, temporaryInstallName } from './install-files.ts';
import type { JournalPlace } from './journal-place.ts';
import { batchBytesMax } from './log.ts';
import { newNonce, segmentHeader } from './segment.ts';
import { sliceHeadBytes, writeSliceHead } from './snapshot-format.ts';
import { SnapshotWriter } from './snapshot-writer.ts';

/** A snapshot that comes from another member, to take the place of all that this one has. */
export interface IncomingSnapshot {
  /** Resolves when the slice is written: whoever waits for that before the next one is never ahead of the disk. */
  take(slice: Buffer): Promise<void>;
  /**
   * Makes the snapshot, and the entries that follow it, the only content. A crash leaves either all that was there
   * before or all of this, so the entries must reach as far as the snapshot holds traces: to `lastZxidSeen`.
   */
  finish(lastZxidSeen: number, entries?: readonly Entry[]): Promise<void>;
  /** Forgets it; nothing has changed then. */
  abandon(): Promise<void>;
}

/** What is to follow a snapshot, and how far it holds traces of that. */
export interface InstalledContent {
  readonly lastZxidSeen: number;
  readonly entries: readonly Entry[];
}

/** What an installation left on disk. */
export interface Installed {
  readonly zxid: number;
  readonly snapshotBytes: number;
  readonly lastZxid: number;
  readonly entries: number;
  readonly entryBytes: number;
}

/** The files of a snapshot that is being installed; see `install-files.ts` for their names and order. */
export class InstallWriter {
  readonly #place: JournalPlace;
  readonly #zxid: number;
  readonly #file: Promise<SnapshotWriter>;
  /** What was taken, one slice after the other: the first failure is that of all that follows. */
  #written: Promise<void>;
  #state: 'open' | 'ended' = 'open';

  constructor(place: JournalPlace, zxid: number) {
    this.#place = place;
    this.#zxid = zxid;
    this.#file = SnapshotWriter.begin(place.disk, join(place.dataDirectory, temporaryInstallName), zxid);
    this.#written = this.#file.then(() => undefined);
    // Whoever takes or finishes next is told.
    this.#written.catch(() => undefined);
  }

  async take(slice: Buffer): Promise<void> {
    invariant(this.#state === 'open', 'a snapshot that is finished or abandoned takes no slices');
    const bytes = Buffer.allocUnsafe(sliceHeadBytes + slice.length);
    writeSliceHead(bytes, 0, slice);
    slice.copy(bytes, sliceHeadBytes);
    this.#written = this.#written.then(async () => (await this.#file).write(bytes, 1));
    await this.#written;
  }

  /** Writes all of it; nothing that counts is changed yet. What is returned makes it count. */
  async prepare({ lastZxidSeen, entries }: InstalledContent): Promise<() => Promise<Installed>> {
    invariant(this.#state === 'open', 'a snapshot that is finished or abandoned is not finished again');
    const zxid = this.#zxid;
    requireWhole(zxid, { lastZxidSeen, entries });
    await this.#written;
    const snapshotBytes = await (await this.#file).finish(lastZxidSeen);
    await writeStagedLog(this.#place, zxid, entries);
    this.#state = 'ended';
    const lastZxid = entries.at(-1)?.zxid ?? zxid;
    const entryBytes = entries.reduce((sum, { payload }) => sum + payload.length, 0);
    return async () => {
      await install(this.#place, zxid);
      return { zxid, snapshotBytes, lastZxid, entries: entries.length, entryBytes };
    };
  }

  /** Removes what was written, unless it may count already. Never fails: what stays a start removes. */
  async abandon(): Promise<void> {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    await this.#written.catch(() => undefined);
    try {
      await (await this.#file).abandon();
      await removeStaged(this.#place);
    } catch (error) {
      this.#place.logger.debug({ reason: messageOf(error) }, 'a snapshot that was given up could not be removed yet');
    }
  }
}

function requireWhole(zxid: number, { lastZxidSeen, entries }: InstalledContent): void {
  let lastZxid = zxid;
  for (const entry of entries) {
    invariant(entry.zxid > lastZxid, `entry ${entry.zxid} comes after ${lastZxid} in what is installed`);
    lastZxid = entry.zxid;
  }
  invariant(
    lastZxid >= lastZxidSeen,
    `a snapshot with traces up to ${lastZxidSeen} comes with entries up to ${lastZxid}`,
  );
}

async function writeStagedLog(
  { disk, logDirectory }: JournalPlace,
  zxid: number,
  entries: readonly Entry[],
): Promise<void> {
  const path = join(logDirectory, stagedLogName(entries[0]?.zxid ?? 0));
  const nonce = newNonce();
  await disk.remove(path);
  const file = await disk.open(path, 'buffered');
  try {
    const header = segmentHeader(nonce);
    await file.write(header, 0);
    let position = header.length;
    let previousZxid = zxid;
    for (const batch of batchesOf(entries)) {
      await file.write(batch.seal(previousZxid, nonce), position);
      position += batch.length;
      previousZxid = batch.lastZxid;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.syncDirectory(logDirectory);
}

function* batchesOf(entries: readonly Entry[]): Generator<Batch> {
  const batch = new Batch(batchBytesMax / 64);
  for (const entry of entries) {
    if (!batch.hasRoomFor(entry, batchBytesMax)) {
      yield batch;
      batch.clear();
    }
    batch.add(entry);
  }
  if (batch.count > 0) yield batch;
}

async function install(place: JournalPlace, zxid: number): Promise<void> {
  const { disk, dataDirectory } = place;
  await disk.rename(join(dataDirectory, temporaryInstallName), join(dataDirectory, installName(zxid)));
  await disk.syncDirectory(dataDirectory);
  await finishInstall(place);
}
