import { setTimeout as sleep } from 'node:timers/promises';
import { type Backoff, backoffMs, codeOf, invariant } from '@reeve/base';
import type { Coordination, Znode } from '@reeve/client';
import { createUnder } from '../recipe/ensure-path.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { retrying } from '../recipe/retrying.ts';
import { unless, untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';
import { type Asked, Gathering } from './gathering.ts';
import { failedAt, OnceWriter, type Written } from './once-writer.ts';
import { Turns } from './turns.ts';

/** How long a write waits that another client's write has forestalled. */
const contention: Backoff = { baseMs: 2, factor: 2, ceilingMs: 8, jitter: 1 };
/** Who was forestalled so often waits for its turn. */
const FORESTALLED_MAX = 2;

/** The number that a counter held at some version of its znode. */
interface Reading {
  readonly value: number;
  readonly version: number;
}

/** A change that was asked for. */
type Change = (value: number) => number;

/**
 * A number that many clients add to, exactly: no addition is lost, and none is done twice, although connections break
 * and answers are lost. What is added while a write is under way goes into the next write together.
 *
 * The znode holds decimal text, as kazoo's `Counter` does: both can count on the same path.
 *
 * @example
 * const visits = new Counter(client, '/visits');
 * console.log(await visits.add(1));
 * await visits.stop();
 */
export class Counter {
  readonly path: string;
  readonly #client: Coordination;
  readonly #writer: OnceWriter;
  readonly #turns: Turns;
  readonly #changes: Gathering<Change, number>;
  readonly #stopped = new AbortController();
  /** What the counter held at our last write: the next one need not read, unless others write too. */
  #known: Reading | undefined;

  /** @param path the znode of the counter; created when it is missing, and 0 while it is empty */
  constructor(client: Coordination, path: string) {
    this.path = path;
    this.#client = client;
    this.#writer = new OnceWriter(client, path);
    this.#turns = new Turns(client, path);
    this.#changes = new Gathering(path, (asked) => this.#write(asked));
  }

  /**
   * What it holds, as the server in touch knows it: never less than this client's own writes.
   *
   * @throws RecipeError `unreadable`, `session_over`, `stopped`, `aborted` or `deadline_exceeded`
   */
  async get(options: WaitOptions = {}): Promise<number> {
    const unwanted = untilUnwanted(options, this.#stopped.signal);
    const { value } = await unless(unwanted, this.path, this.#read(unwanted));
    return value;
  }

  /**
   * Adds a whole number, which may be negative. Says what the counter held right after that: of those who add 1, each
   * is told another number. Who gives up waiting does not know whether it was added.
   *
   * @throws RecipeError `out_of_range` beyond 2^53, `in_doubt` when the session ended before the answer came,
   *   `unreadable`, `session_over`, `stopped`, `aborted`, `deadline_exceeded`; ClientError where the service refuses
   */
  add(amount: number, options: WaitOptions = {}): Promise<number> {
    invariant(Number.isSafeInteger(amount), 'what is added is a whole number');
    return this.#changes.ask((value) => value + amount, options);
  }

  /** Puts a number in the place of whatever it holds. Fails as `add` does. */
  async set(value: number, options: WaitOptions = {}): Promise<void> {
    invariant(Number.isSafeInteger(value), 'what is set is a whole number');
    await this.#changes.ask(() => value, options);
  }

  /** Ends what is under way and leaves nothing behind but the number. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    const stopped = recipeError('stopped', this.path);
    this.#stopped.abort(stopped);
    this.#changes.end(stopped);
    await Promise.all([this.#writer.stop(), this.#turns.stop()]);
  }

  async #write(asked: Asked<Change, number>[]): Promise<void> {
    const batch = asked.splice(0);
    try {
      for (let failures = 1; (await this.#writeOnce(batch)) === 'forestalled'; failures += 1) {
        this.#known = undefined;
        if (this.#turns.isOurs) continue;
        if (failures >= FORESTALLED_MAX) this.#turns.want();
        await sleep(backoffMs(contention, failures, Math.random));
      }
    } catch (error) {
      this.#known = undefined;
      for (const { reject } of batch) reject(error);
    }
  }

  async #writeOnce(batch: Asked<Change, number>[]): Promise<'written' | 'forestalled'> {
    await this.#turns.begin(this.#stopped.signal);
    const { value, version } = this.#known ?? (await this.#read(this.#stopped.signal));
    const { last, answers } = this.#applied(batch, value);
    if (answers.length === 0) return 'written';
    let written: Written;
    try {
      written = await this.#writer.write([
        { op: 'setData', path: this.path, data: Buffer.from(String(last)), version },
      ]);
    } catch (error) {
      if (failedAt(error, 'bad_version') === undefined && failedAt(error, 'no_node') === undefined) throw error;
      return 'forestalled';
    }
    this.#known = { value: last, version: version + 1 };
    for (const answer of answers) answer();
    await this.#turns.wrote(written === 'answer_lost' ? undefined : written[0]?.stat, this.#stopped.signal);
    return 'written';
  }

  /** All changes, one after the other; those that lead too far are refused by themselves. */
  #applied(batch: Asked<Change, number>[], value: number) {
    let last = value;
    const answers: (() => void)[] = [];
    for (const { ask, resolve, reject } of batch) {
      const next = ask(last);
      if (!Number.isSafeInteger(next)) {
        reject(recipeError('out_of_range', this.path));
        continue;
      }
      last = next;
      answers.push(() => resolve(next));
    }
    return { last, answers };
  }

  #read(stopped: AbortSignal): Promise<Reading> {
    return retrying({ client: this.#client, path: this.path, stopped }, async () => {
      try {
        return this.#parsed(await this.#client.getData(this.path));
      } catch (error) {
        if (codeOf(error) !== 'no_node') throw error;
      }
      await this.#create();
      return this.#parsed(await this.#client.getData(this.path));
    });
  }

  /** Empty, not null: kazoo's counters cannot read what is null. */
  async #create(): Promise<void> {
    try {
      await createUnder(this.#client, this.path, { data: Buffer.alloc(0), mode: 'persistent' });
    } catch (error) {
      if (codeOf(error) !== 'node_exists') throw error;
    }
  }

  #parsed({ data, stat }: Znode): Reading {
    const text = String(data ?? '');
    const value = Number(text);
    if (/^(-?\d+)?$/.test(text) && Number.isSafeInteger(value)) return { value, version: stat.version };
    throw recipeError('unreadable', this.path);
  }
}
