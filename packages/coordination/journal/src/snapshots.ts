import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Disk, DiskFile } from './disk.ts';
import { header, headerBytes, sliceHeadBytes, trailer, trailerBytes, writeSliceHead } from './snapshot-format.ts';

const namePattern = /^snapshot\.([0-9a-f]{1,16})$/;
/** A snapshot that is being written, until it is whole. */
export const temporarySnapshotName = 'snapshot.tmp';
/** So that the sync of a large snapshot does not hold up the log's for long. */
const syncEveryBytes = 1024 * 1024;
/** The share of the time that making a snapshot takes. */
const share = 0.1;
const portionMsMin = 1;
const portionBytesMin = 512 * 1024;
const portionBytesMax = 4 * 1024 * 1024;

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

/** The state as of some zxid, in slices that are made while writes go on. */
export interface SnapshotSource {
  /** Everything up to and including this zxid is in it; later entries may be, and are replayed over it. */
  readonly zxid: number;
  /** Each of them is there until the next one is taken. */
  readonly slices: Iterable<Buffer>;
  /** The last zxid that may have left a trace in the slices; asked when the last one has been taken. */
  lastZxidSeen(): number;
}

/** Where a snapshot goes. */
export interface SnapshotPlace {
  readonly disk: Disk;
  readonly dataDirectory: string;
}

/** How a snapshot is written: beside other work, or as fast as the disk takes it; and what calls it off. */
export interface SnapshotPace {
  readonly pace: 'beside_others' | 'alone';
  readonly signal: AbortSignal;
}

/** Writes a snapshot; it is there, whole and on disk, or not at all. Says how many bytes it takes. */
export async function writeSnapshot(place: SnapshotPlace, source: SnapshotSource, pace: SnapshotPace): Promise<number> {
  const { disk, dataDirectory: directory } = place;
  const temporary = join(directory, temporarySnapshotName);
  await disk.remove(temporary);
  const file = await disk.open(temporary, 'buffered');
  let length: number;
  try {
    length = await writeFile(file, source, pace);
  } catch (error) {
    await file.close();
    await disk.remove(temporary);
    throw error;
  }
  await file.close();
  await disk.rename(temporary, join(directory, snapshotName(source.zxid)));
  await disk.syncDirectory(directory);
  return length;
}

async function writeFile(file: DiskFile, source: SnapshotSource, { pace, signal }: SnapshotPace): Promise<number> {
  await file.write(header(source.zxid), 0);
  const portions = new Portions(source.slices);
  let position = headerBytes;
  let synced = 0;
  for (let portion = portions.next(); portion.length > 0; portion = portions.next()) {
    await file.write(portion, position);
    position += portion.length;
    if (position - synced >= syncEveryBytes) {
      await file.sync();
      synced = position;
    }
    if (pace === 'alone') signal.throwIfAborted();
    else await setTimeout(portions.pauseMs, undefined, { signal });
  }
  await file.write(trailer(portions.count, source.lastZxidSeen()), position);
  await file.sync();
  return position + trailerBytes;
}

/**
 * Makes slices in a share of the time: the longer the last portion took the longer the pause after it, and the later that
 * ended under load the larger the next portion. So a snapshot gets ahead under any load, and is hardly felt.
 */
class Portions {
  readonly #slices: Iterator<Buffer>;
  /** One buffer for all portions: new ones would have the rest of the process collect them. */
  #bytes = Buffer.allocUnsafe(portionBytesMin);
  #length = 0;
  #endedMs = performance.now();
  #tookMs = 0;
  count = 0;

  constructor(slices: Iterable<Buffer>) {
    this.#slices = slices[Symbol.iterator]();
  }

  /** How long others should have their turn now, milliseconds. */
  get pauseMs(): number {
    return this.#tookMs * (1 / share - 1);
  }

  /** Some slices with their heads, there until the next portion is made; empty after the last. */
  next(): Buffer {
    const begunMs = performance.now();
    const lateMs = begunMs - this.#endedMs - this.pauseMs;
    const untilMs = begunMs + Math.max(portionMsMin, lateMs * share);
    this.#length = 0;
    while (this.#length === 0 || (this.#length < portionBytesMax && performance.now() < untilMs)) {
      const slice = this.#slices.next();
      if (slice.done === true) break;
      this.#add(slice.value);
    }
    this.#endedMs = performance.now();
    this.#tookMs = this.#endedMs - begunMs;
    return this.#bytes.subarray(0, this.#length);
  }

  #add(slice: Buffer): void {
    const at = this.#length;
    this.#length = at + sliceHeadBytes + slice.length;
    if (this.#length > this.#bytes.length) this.#grow(at);
    writeSliceHead(this.#bytes, at, slice);
    slice.copy(this.#bytes, at + sliceHeadBytes);
    this.count += 1;
  }

  #grow(used: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, used);
    this.#bytes = larger;
  }
}
