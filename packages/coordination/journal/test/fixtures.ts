import { silent } from '@reeve/base';
import type { Entry } from '../src/batch.ts';
import type { Disk } from '../src/disk.ts';
import { type Journal, type JournalSettings, openJournal } from '../src/journal.ts';
import type { LogFault } from '../src/log.ts';
import type { Recovered } from '../src/read-journal.ts';
import type { MemoryDisk } from './memory-disk.ts';

export const directory = '/data';

export function settingsOf(disk: Disk, changes: Partial<JournalSettings> = {}): JournalSettings {
  return {
    disk,
    dataDirectory: directory,
    logDirectory: directory,
    logger: silent,
    segmentBytesMax: 4096,
    snapshotEntries: 10,
    snapshotsKept: 2,
    retry: { baseMs: 1, factor: 1, ceilingMs: 1, jitter: 0 },
    ...changes,
  };
}

/** What a journal gave back, and a journal to go on with. */
export interface Opened {
  readonly journal: Journal;
  readonly recovered: Recovered;
  readonly snapshot: { readonly zxid: number; readonly slices: string[] } | undefined;
  readonly entries: readonly Entry[];
  readonly log: Listener;
}

export async function opened(settings: JournalSettings): Promise<Opened> {
  let snapshot: Opened['snapshot'];
  const entries: Entry[] = [];
  const log = new Listener();
  const sink = {
    async snapshot(zxid: number, slices: AsyncIterable<Buffer>) {
      const texts: string[] = [];
      for await (const slice of slices) texts.push(slice.toString('latin1'));
      snapshot = { zxid, slices: texts };
    },
    entries: (batch: readonly Entry[]) => void entries.push(...batch),
  };
  const { journal, recovered } = await openJournal(settings, sink, log);
  return { journal, recovered, snapshot, entries, log };
}

/** Remembers what the log said, and lets a test wait for it. */
class Listener {
  persistedZxid = 0;
  readonly faults: LogFault[] = [];
  recoveries = 0;
  readonly #waiting: { readonly done: () => boolean; readonly resolve: () => void }[] = [];

  persisted(zxid: number): void {
    this.persistedZxid = zxid;
    this.#check();
  }

  failed(fault: LogFault): void {
    this.faults.push(fault);
    this.#check();
  }

  recovered(): void {
    this.recoveries += 1;
    this.#check();
  }

  /** Resolves when `zxid` is on disk, or the log has failed. */
  settled(zxid: number): Promise<void> {
    const faults = this.faults.length;
    return this.until(() => this.persistedZxid >= zxid || this.faults.length > faults);
  }

  until(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve) => void this.#waiting.push({ done, resolve }));
  }

  #check(): void {
    for (const { done, resolve } of this.#waiting) if (done()) resolve();
  }
}

export function entry(zxid: number, payload = `payload ${zxid}`): Entry {
  return { zxid, payload: Buffer.from(payload) };
}

export function zxids(entries: readonly Entry[]): number[] {
  return entries.map(({ zxid }) => zxid);
}

/** A journal on `disk` that holds entries up to a zxid, each written by itself. */
export async function written(disk: MemoryDisk, upTo: number, changes = {}): Promise<Opened> {
  const open = await opened(settingsOf(disk, changes));
  for (let zxid = open.journal.lastZxid + 1; zxid <= upTo; zxid += 1) {
    open.journal.append([entry(zxid)]);
    await open.log.settled(zxid);
  }
  return open;
}

export async function snapshotAt({ journal }: Opened, zxid: number, lastZxidSeen = zxid): Promise<void> {
  const slices = [Buffer.from(`state at ${zxid}`), Buffer.from('and more')];
  await journal.snapshot({ zxid, slices, lastZxidSeen: () => lastZxidSeen });
}

/** The files of the data directory. */
export function names(disk: MemoryDisk): string[] {
  return [...disk.files.keys()].map((path) => path.slice(directory.length + 1)).sort();
}
