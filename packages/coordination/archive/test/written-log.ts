import { silent } from '@reeve/base';
import { type Entry, type Journal, nodeDisk, openJournal } from '@reeve/journal';
import { encodeTxn, openList, type Tree, type Txn, takeSnapshot } from '@reeve/tree';
import { type SessionId, Span, sessionIdOf, Writer } from '@reeve/wire';
import type { DataPlace } from '../src/data-directory.ts';

export const session: SessionId = sessionIdOf(1, 2);

export function placeOf(directory: string): DataPlace {
  return { dataDirectory: directory, logDirectory: directory, logger: silent };
}

/** The creation of a child of the root, the `nth`. */
export function create(path: string, nth: number, changes: Partial<Extract<Txn, { kind: 'create' }>> = {}): Txn {
  const data = Span.of(Buffer.from(`data of ${path}`));
  return {
    kind: 'create',
    path,
    data,
    acl: openList,
    lifetime: 'persistent',
    ttlMs: 0,
    parentCreates: nth,
    ...changes,
  };
}

/** A journal of transactions, numbered from 1, written as a coordinator does. */
export class WrittenLog {
  readonly #journal: Journal;
  readonly #waiting = new Map<number, () => void>();
  #zxid: number;

  private constructor(journal: Journal, zxid: number) {
    this.#journal = journal;
    this.#zxid = zxid;
  }

  static async open(directory: string, segmentBytesMax = 4096): Promise<WrittenLog> {
    let log: WrittenLog | undefined;
    const place = { disk: nodeDisk, dataDirectory: directory, logDirectory: directory, logger: silent };
    const retry = { baseMs: 1, factor: 1, ceilingMs: 1, jitter: 0 };
    const settings = { ...place, segmentBytesMax, snapshotEntries: 1_000_000, snapshotsKept: 1, retry } as const;
    const sink = { snapshot: async () => {}, entries: () => {} };
    const listener = { persisted: (zxid: number) => log?.persisted(zxid), failed: () => {}, recovered: () => {} };
    const { journal, recovered } = await openJournal(settings, sink, listener);
    log = new WrittenLog(journal, recovered.lastZxid);
    return log;
  }

  /** Appends transactions as one batch; resolves when they are on disk. */
  async append(...txns: readonly Txn[]): Promise<void> {
    const entries = txns.map((txn): Entry => {
      const writer = new Writer();
      encodeTxn(writer, { session, xid: 1, timeMs: 1_700_000_000_000 }, txn);
      this.#zxid += 1;
      return { zxid: this.#zxid, payload: writer.take() };
    });
    const done = new Promise<void>((resolve) => this.#waiting.set(this.#zxid, resolve));
    this.#journal.append(entries);
    await done;
  }

  /** Writes a snapshot, and removes what it made superfluous. */
  snapshot(tree: Tree): Promise<void> {
    return this.#journal.snapshot(takeSnapshot(tree));
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  persisted(zxid: number): void {
    for (const [due, resolve] of this.#waiting) {
      if (due > zxid) continue;
      this.#waiting.delete(due);
      resolve();
    }
  }
}
