import type { Clock } from '@reeve/base';
import type { Coordination, TransactionPart } from '@reeve/client';
import { type RecipeError, recipeError } from '../recipe/recipe-error.ts';
import { retrying } from '../recipe/retrying.ts';
import type { WaitOptions } from '../recipe/waiting.ts';
import { type Asked, Gathering } from '../shared/gathering.ts';
import { failedAt, OnceWriter } from '../shared/once-writer.ts';
import { type SessionEnd, sessionEnd } from '../shared/session-end.ts';
import { foundIn } from './found-in.ts';
import { delayedPrefix, entryPrefix, type QueueLayout } from './queue-layout.ts';
import { Vigil } from './vigil.ts';

/** Items put by one write. */
const PUT_MAX = 256;
/** Data put by one write, bytes: a request may have 1 MiB less a byte. */
const PUT_BYTES_MAX = 800_000;

/** An item to put. */
export interface PutAsk {
  readonly data: Uint8Array;
  readonly priority: number;
  /** When it can be taken, milliseconds since the epoch; at once unless given. */
  readonly dueMs: number | undefined;
}

/** What putters work with. */
export interface PuttingOptions {
  readonly layout: QueueLayout;
  readonly producer: string;
  /** How many items there may be, those taken and those not due yet included; any number unless given. */
  readonly limit: number | undefined;
  readonly whenFull: 'refuse' | 'wait';
  readonly clock: Clock;
}

/** Puts items for whoever of this client asks, many with one write, each exactly once. */
export class Putting {
  readonly #client: Coordination;
  readonly #options: PuttingOptions;
  readonly #stopped: AbortSignal;
  readonly #writer: OnceWriter;
  readonly #asked: Gathering<PutAsk, void>;
  readonly #vigil: Vigil;
  #end: SessionEnd | undefined;
  #poked: 'no' | 'yes' = 'no';
  #wake: () => void = () => undefined;

  constructor(client: Coordination, options: PuttingOptions, stopped: AbortSignal) {
    const { layout, producer } = options;
    this.#client = client;
    this.#options = options;
    this.#stopped = stopped;
    this.#writer = new OnceWriter(client, layout.marks);
    const poke = () => this.#poke();
    this.#asked = new Gathering(layout.path, (asked) => this.#work(asked), poke);
    this.#vigil = new Vigil(client, {
      line: layout.putters,
      data: Buffer.from(producer),
      lists: [layout.delayed, layout.entries],
      poke,
    });
  }

  put(ask: PutAsk, options: WaitOptions): Promise<void> {
    return this.#asked.ask(ask, options);
  }

  /** Ends what is under way; `stopped` has fired. Resolves when nothing of it is left. */
  async stop(): Promise<void> {
    const reason = this.#stopped.reason as RecipeError;
    this.#asked.end(reason);
    this.#end?.endBy(reason);
    await this.#writer.stop();
    await this.#vigil.leave();
  }

  /** Puts as many off the front as fit into one write, and as there is room for. */
  async #work(asked: Asked<PutAsk, void>[]): Promise<void> {
    try {
      for (;;) {
        const gate = await this.#gate(asked);
        if (asked.length === 0) return;
        if (gate === 'full') {
          for (const { reject } of asked.splice(0)) reject(recipeError('full', this.#options.layout.path));
          return;
        }
        if ((await this.#write(asked, gate)) === 'written') return;
      }
    } catch (error) {
      // None of them has been begun: what was is told by itself.
      for (const { reject } of asked.splice(0, PUT_MAX)) reject(error);
    }
  }

  async #write(asked: Asked<PutAsk, void>[], { room, parts }: Gate): Promise<'written' | 'forestalled'> {
    const batch = asked.splice(0, fitting(asked, room));
    try {
      await this.#writer.write([...parts, ...batch.map(({ ask }) => this.#part(ask))]);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      if (parts.length > 0 && failedAt(error, 'bad_version') === 0) {
        asked.unshift(...batch);
        return 'forestalled';
      }
      for (const { reject } of batch) reject(error);
    }
    return 'written';
  }

  #part({ data, priority, dueMs }: PutAsk): TransactionPart {
    const { layout, clock } = this.#options;
    const isDue = dueMs === undefined || dueMs <= clock.now();
    const name = isDue
      ? `${layout.entries}/${entryPrefix(priority)}`
      : `${layout.delayed}/${delayedPrefix(dueMs, priority)}`;
    return { op: 'create', path: name, data, mode: 'persistent_sequential' };
  }

  /** Waits for room, where there is a limit, until there is some or nobody asks any more. */
  async #gate(asked: readonly unknown[]): Promise<Gate | 'full'> {
    if (this.#options.limit === undefined) return { room: PUT_MAX, parts: [] };
    const gate = await this.#count(this.#options.limit);
    if (gate.room > 0) return gate;
    if (this.#options.whenFull === 'refuse') return 'full';
    return this.#untilRoom(asked, this.#options.limit);
  }

  async #untilRoom(asked: readonly unknown[], limit: number): Promise<Gate> {
    const end = sessionEnd(this.#client, this.#options.layout.path);
    this.#end = end;
    if (this.#stopped.aborted) end.endBy(this.#stopped.reason as RecipeError);
    end.signal.addEventListener('abort', () => this.#poke(), { once: true });
    try {
      for (;;) {
        if (end.signal.aborted) throw end.signal.reason;
        this.#poked = 'no';
        if (this.#vigil.phase === 'first') await this.#retrying(() => this.#vigil.look());
        const gate = this.#vigil.phase === 'first' ? await this.#count(limit) : FULL;
        if (gate.room > 0 || asked.length === 0) return gate;
        if (this.#vigil.phase === 'away') await this.#vigil.enter(end.signal);
        else await this.#untilPoked();
      }
    } finally {
      end.forget();
      await this.#vigil.leave();
    }
  }

  /**
   * How many more there may be. The version of `entries` is raised by everybody who puts within a limit: so what was
   * counted is still true when it is written, or the write fails. What others take meanwhile makes only more room.
   */
  async #count(limit: number): Promise<Gate> {
    const { delayed, entries } = this.#options.layout;
    const paths = [delayed, entries];
    const reads = await this.#retrying(() =>
      this.#client.multiRead(paths.map((path) => ({ op: 'getData', path }) as const)),
    );
    const [later, now] = paths.map((path, at) => foundIn(reads[at], path)?.stat);
    const room = limit - (later?.numChildren ?? 0) - (now?.numChildren ?? 0);
    return { room, parts: [{ op: 'setData', path: entries, data: null, version: now?.version ?? 0 }] };
  }

  #poke(): void {
    this.#poked = 'yes';
    this.#wake();
  }

  async #untilPoked(): Promise<void> {
    while (this.#poked === 'no') {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #retrying<T>(step: () => Promise<T>): Promise<T> {
    return retrying({ client: this.#client, path: this.#options.layout.path, stopped: this.#stopped }, step);
  }
}

/** Room for some items, and what the write must contain so that nobody else uses it up meanwhile. */
interface Gate {
  readonly room: number;
  readonly parts: readonly TransactionPart[];
}

const FULL: Gate = { room: 0, parts: [] };

/** How many off the front fit into one write: one at least. */
function fitting(asked: readonly Asked<PutAsk, void>[], room: number): number {
  let bytes = 0;
  let count = 0;
  for (const { ask } of asked.slice(0, Math.min(PUT_MAX, room))) {
    bytes += ask.data.length;
    if (count > 0 && bytes > PUT_BYTES_MAX) break;
    count += 1;
  }
  return count;
}
