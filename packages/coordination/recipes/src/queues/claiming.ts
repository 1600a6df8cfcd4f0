import { randomUUID } from 'node:crypto';
import { codeOf } from '@reeve/base';
import { ClientError, type Coordination, type TransactionPart, type TransactionResult } from '@reeve/client';
import { retrying } from '../recipe/retrying.ts';
import { deleteIfThere, withdraw } from '../shared/withdraw.ts';
import { foundIn } from './found-in.ts';
import type { TakenItem } from './queue-item.ts';
import { priorityOf, type QueueLayout } from './queue-layout.ts';

/** Items read by one request: with the longest ones, their data still fits into one answer. */
const READ_MAX = 15;
/** What is kept of items that are known and not taken yet, bytes. */
const KNOWN_BYTES_MAX = 4 * 1024 * 1024;
/** Data claimed by one write, bytes: a request may have 1 MiB less a byte. */
const CLAIM_BYTES_MAX = 800_000;
/** Above this, an item's data is not written again when it is taken, so the attempt is not counted, bytes. */
const COUNTED_BYTES_MAX = 1_040_000;

/** An item as it was read. */
interface Entry {
  readonly name: string;
  readonly data: Buffer;
  readonly version: number;
}

/** What to read. */
interface ReadAsk {
  readonly wanted: readonly string[];
  readonly ahead: readonly string[];
  /** How much of what was listed and read before is believed: little, when others were faster lately. */
  readonly trust: 'much' | 'little';
}

/** What came of an attempt to take some items: them, or the names of those that somebody else has by now. */
export type Claimed =
  | { readonly kind: 'taken'; readonly items: readonly TakenItem[] }
  | { readonly kind: 'forestalled'; readonly gone: readonly string[] };

/** Takes items by their names: reads them, and marks them as taken, in one transaction or not at all. */
export class Claiming {
  readonly #client: Coordination;
  readonly #layout: QueueLayout;
  readonly #consumer: string;
  readonly #stopped: AbortSignal;
  readonly #known = new Map<string, Entry>();
  #life: number | undefined;

  /** @param consumer who takes, for people */
  constructor(
    client: Coordination,
    { layout, consumer }: { readonly layout: QueueLayout; readonly consumer: string },
    stopped: AbortSignal,
  ) {
    this.#client = client;
    this.#layout = layout;
    this.#consumer = consumer;
    this.#stopped = stopped;
  }

  /**
   * Which life of the queue is worked in: the zxid of its making. In another one names come again, and what was known by
   * them must not be written over what is there now.
   */
  begin(life: number | undefined): void {
    if (life !== this.#life) this.#known.clear();
    this.#life = life;
  }

  /**
   * Reads `wanted`, so that they can be claimed, unless they are known already; when some must be read, `ahead` is read
   * with them. Says which of all these somebody else has by now.
   */
  async read({ wanted, ahead, trust }: ReadAsk): Promise<readonly string[]> {
    if (trust === 'little') this.#known.clear();
    else if (wanted.every((name) => this.#known.has(name))) return [];
    const unknown = [...new Set([...wanted, ...ahead])].filter((name) => !this.#known.has(name));
    const batches: string[][] = [];
    for (let at = 0; at < unknown.length; at += READ_MAX) batches.push(unknown.slice(at, at + READ_MAX));
    const gone = await Promise.all(batches.map((batch) => this.#retrying(() => this.#readBatch(batch, trust))));
    return gone.flat();
  }

  /** Takes as many of these as fit into one write, from the first on. They must have been read just now. */
  async claim(names: readonly string[]): Promise<Claimed> {
    const entries = this.#fitting(names);
    const mark = Buffer.from(`${this.#consumer} ${randomUUID()}`);
    const claimed = await this.#write(entries, mark);
    for (const { name } of entries) this.#known.delete(name);
    this.#forgetMost();
    return claimed;
  }

  async #readBatch(names: readonly string[], trust: ReadAsk['trust']): Promise<readonly string[]> {
    const entries = names.map((name) => ({ op: 'getData', path: this.#entry(name) }) as const);
    const marks = trust === 'little' ? names.map((name) => ({ op: 'getData', path: this.#mark(name) }) as const) : [];
    const found = await this.#client.multiRead([...entries, ...marks]);
    return names.filter((name, at) => {
      const znode = foundIn(found[at], this.#entry(name));
      if (znode === undefined || foundIn(found[names.length + at], this.#mark(name)) !== undefined) return true;
      this.#known.set(name, { name, ...znode });
      return false;
    });
  }

  /** The newest are kept: those before them are most likely somebody else's by now. */
  #forgetMost(): void {
    let bytes = 0;
    for (const [name, { data }] of [...this.#known].reverse()) {
      bytes += data.length;
      if (bytes > KNOWN_BYTES_MAX) this.#known.delete(name);
    }
  }

  #fitting(names: readonly string[]): readonly Entry[] {
    const entries: Entry[] = [];
    let bytes = 0;
    for (const name of names) {
      const entry = this.#known.get(name) as Entry;
      bytes += entry.data.length;
      if (entries.length > 0 && bytes > CLAIM_BYTES_MAX) break;
      entries.push(entry);
    }
    return entries;
  }

  async #write(entries: readonly Entry[], mark: Buffer): Promise<Claimed> {
    const parts = entries.flatMap((entry) => this.#parts(entry, mark));
    const doubt: { unanswered: 'no' | 'yes' } = { unanswered: 'no' };
    try {
      return await this.#retrying(async () => {
        try {
          return this.#taken(entries, mark, await this.#client.multi(parts));
        } catch (error) {
          if (!(error instanceof ClientError)) throw error;
          if (error.facts.outcome === 'unknown') doubt.unanswered = 'yes';
          const { failedPart } = error.facts;
          if (failedPart === undefined || !changed.has(error.code) || isWithoutRoom(error)) throw error;
          if (doubt.unanswered === 'yes' && (await this.#isOurs(entries[0] as Entry, mark)))
            return await this.#found(entries, mark);
          return { kind: 'forestalled', gone: [entries[Math.floor(failedPart / PARTS)]?.name ?? ''] };
        }
      });
    } catch (error) {
      // Nobody knows whether it was done, and nobody will hold the items.
      if (doubt.unanswered === 'yes') this.#abandon(entries, mark).catch(() => undefined);
      throw error;
    }
  }

  /** Its data is written again as it is: so the version of the item counts how often it was taken. */
  #parts({ name, data, version }: Entry, mark: Buffer): readonly TransactionPart[] {
    const path = this.#entry(name);
    const isCounted = data.length <= COUNTED_BYTES_MAX;
    return [
      { op: 'create', path: this.#mark(name), data: mark, mode: 'ephemeral' },
      isCounted ? { op: 'setData', path, data, version } : { op: 'check', path, version },
    ];
  }

  async #taken(entries: readonly Entry[], mark: Buffer, results: readonly TransactionResult[]): Promise<Claimed> {
    const items = entries.map((entry, at) => {
      const stat = results[at * PARTS + 1]?.stat;
      return stat === undefined ? undefined : this.#item(entry, mark, { version: stat.version, fence: stat.mzxid });
    });
    if (items.includes(undefined)) return this.#found(entries, mark);
    return { kind: 'taken', items: items as TakenItem[] };
  }

  /** The items of a claim that is known to be done, but not what it answered. */
  async #found(entries: readonly Entry[], mark: Buffer): Promise<Claimed> {
    const paths = entries.flatMap(({ name }) => [this.#entry(name), this.#mark(name)]);
    const reads = await Promise.all(paths.map((path) => this.#client.exists(path)));
    const items = entries.flatMap((entry, at) => {
      const [stat, marked] = [reads[at * PARTS], reads[at * PARTS + 1]];
      if (stat === undefined || marked === undefined) return [];
      return [this.#item(entry, mark, { version: stat.version, fence: marked.czxid })];
    });
    return { kind: 'taken', items };
  }

  #item(entry: Entry, mark: Buffer, { version, fence }: { version: number; fence: number }): TakenItem {
    const { name, data } = entry;
    const priority = priorityOf(name) ?? 0;
    const attempts = Math.max(1, version);
    return { path: this.#entry(name), taken: this.#mark(name), mark, data, priority, attempts, version, fence };
  }

  async #isOurs({ name }: Entry, mark: Buffer): Promise<boolean> {
    const path = this.#mark(name);
    // Without this the server asked may not know yet what another one has done for us.
    await this.#client.sync(path);
    try {
      const { data } = await this.#client.getData(path);
      return data?.equals(mark) === true;
    } catch (error) {
      if (codeOf(error) === 'no_node') return false;
      throw error;
    }
  }

  async #abandon(entries: readonly Entry[], mark: Buffer): Promise<void> {
    await withdraw(this.#client, this.#layout.path, async () => {
      for (const entry of entries) {
        if (!(await this.#isOurs(entry, mark))) continue;
        await deleteIfThere(this.#client, this.#mark(entry.name));
      }
    });
  }

  #entry(name: string): string {
    return `${this.#layout.entries}/${name}`;
  }

  #mark(name: string): string {
    return `${this.#layout.taken}/${name}`;
  }

  #retrying<T>(step: () => Promise<T>): Promise<T> {
    return retrying({ client: this.#client, path: this.#layout.path, stopped: this.#stopped }, step);
  }
}

const PARTS = 2;

/** Whether the mark could not be made because somebody has deleted what it stands under. */
function isWithoutRoom({ code, facts }: ClientError): boolean {
  return code === 'no_node' && (facts.failedPart ?? 0) % PARTS === 0;
}

/** What says that somebody else has taken an item, or finished it. */
const changed: ReadonlySet<string> = new Set(['node_exists', 'no_node', 'bad_version']);
