import { invariant } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { unless, untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';
import { Counter } from './counter.ts';

const BLOCK_DEFAULT = 100;
/** The longest block that is reserved with one write. */
const BLOCK_MAX = 1_000_000;

/** What a range of numbers is about. */
export interface SequenceRangeOptions {
  /** The znode that holds the highest number reserved so far; created when it is missing. */
  readonly path: string;
  /** How many numbers one write reserves; 100 unless given. What is not handed out is left out. */
  readonly block?: number;
}

/**
 * Hands out whole numbers from 1 on, each to one caller of one client only; those of one client grow. One write
 * reserves a block of them, the next one before the last is handed out: so a number costs next to nothing, and clients
 * do not contend.
 *
 * The znode is a `Counter`. Numbers reserved and not handed out before `stop` are left out.
 *
 * @example
 * const orders = new SequenceRange(client, { path: '/orders/last', block: 1_000 });
 * const id = await orders.next();
 */
export class SequenceRange {
  readonly #counter: Counter;
  readonly #block: number;
  #next = 1;
  #last = 0;
  #reserved: { readonly first: number; readonly last: number } | undefined;
  #reserving: Promise<void> | undefined;

  constructor(client: Coordination, { path, block = BLOCK_DEFAULT }: SequenceRangeOptions) {
    invariant(Number.isInteger(block) && block > 0 && block <= BLOCK_MAX, `a block is 1 to ${BLOCK_MAX} numbers`);
    this.#counter = new Counter(client, path);
    this.#block = block;
  }

  get path(): string {
    return this.#counter.path;
  }

  /** The next number. Fails as `Counter.add` does; a failure leaves out numbers at most. */
  async next(options: WaitOptions = {}): Promise<number> {
    const unwanted = untilUnwanted(options);
    while (this.#next > this.#last) {
      if (this.#reserved === undefined) await unless(unwanted, this.path, this.#reserve());
      else this.#turnTo(this.#reserved);
    }
    const number = this.#next;
    this.#next += 1;
    // Ahead of time: who asks for the last one of this block need not wait for the next. A failure is told to whoever does.
    if (this.#last - this.#next < this.#block / 4) this.#reserve().catch(() => undefined);
    return number;
  }

  /** Ends what is under way; the numbers in reserve are left out. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    await this.#counter.stop();
  }

  #turnTo({ first, last }: { readonly first: number; readonly last: number }): void {
    this.#reserved = undefined;
    this.#next = first;
    this.#last = last;
  }

  #reserve(): Promise<void> {
    if (this.#reserved !== undefined) return Promise.resolve();
    this.#reserving ??= this.#reserveBlock().finally(() => {
      this.#reserving = undefined;
    });
    return this.#reserving;
  }

  async #reserveBlock(): Promise<void> {
    const last = await this.#counter.add(this.#block);
    this.#reserved = { first: last - this.#block + 1, last };
  }
}
