import { codeOf } from '@reeve/base';
import { ClientError, type Coordination, type TransactionPart } from '@reeve/client';
import { recipeError } from '../recipe/recipe-error.ts';
import { retrying } from '../recipe/retrying.ts';
import { type Asked, Gathering } from '../shared/gathering.ts';
import { foundIn } from './found-in.ts';
import type { Ending, QueueItem } from './queue-item.ts';

/** Items ended by one write. */
const ENDED_MAX = 128;

/** What is held is ended whatever else stops: nobody can stop that, but the end of the session. */
const unstoppable = new AbortController().signal;

interface EndAsk {
  readonly item: QueueItem;
  readonly how: Ending;
  /** Whether a try went without an answer. */
  unanswered: 'no' | 'yes';
}

/** What came of the wish to end an item. */
type Ended = 'ended' | 'lost';

/** Items that are done or given back leave `taken`, many with one write. */
export class EndingItems {
  readonly #client: Coordination;
  readonly #path: string;
  readonly #asked: Gathering<EndAsk, Ended>;

  constructor(client: Coordination, path: string) {
    this.#client = client;
    this.#path = path;
    this.#asked = new Gathering(path, (asked) => this.#work(asked));
  }

  /** Ends an item at the servers, unless it is not this one's any more. */
  end(item: QueueItem, how: Ending): Promise<Ended> {
    return this.#asked.ask({ item, how, unanswered: 'no' });
  }

  async #work(asked: Asked<EndAsk, Ended>[]): Promise<void> {
    const batch = asked.splice(0, ENDED_MAX);
    try {
      await retrying({ client: this.#client, path: this.#path, stopped: unstoppable }, () => this.#try(batch));
    } catch (error) {
      for (const { ask, reject } of batch) reject(ask.unanswered === 'yes' ? this.#inDoubt(ask, error) : error);
    }
  }

  /** Settles those it can, and takes them off the batch; throws as long as some are left that want another try. */
  async #try(batch: Asked<EndAsk, Ended>[]): Promise<void> {
    for (const one of [...batch]) {
      if (one.ask.unanswered === 'no') continue;
      const is = await this.#isOurs(one.ask);
      one.ask.unanswered = 'no';
      if (is !== 'ours') settle(batch, one, is);
    }
    while (batch.length > 0) {
      const parts = batch.map(({ ask }) => partsOf(ask));
      try {
        await this.#client.multi(parts.flat());
        for (const { resolve } of batch.splice(0)) resolve('ended');
      } catch (error) {
        const failed = error instanceof ClientError ? error.facts.failedPart : undefined;
        if (failed === undefined || !changed.has(codeOf(error) ?? '')) {
          if (error instanceof ClientError && error.facts.outcome === 'unknown')
            for (const { ask } of batch) ask.unanswered = 'yes';
          throw error;
        }
        const one = batch[Math.floor(failed / PARTS)];
        if (one === undefined) throw error;
        settle(batch, one, 'lost');
      }
    }
  }

  /** Whether the item is still this one's, after a write that was not answered; and if not, what came of the write. */
  async #isOurs({ item, how }: EndAsk): Promise<'ours' | Ended> {
    const { taken, path, mark } = item.identity;
    // Without this the server asked may not know yet what another one has done for us.
    await this.#client.sync(path);
    const [marked, entry] = await this.#client.multiRead([
      { op: 'getData', path: taken },
      { op: 'getData', path },
    ]);
    if (foundIn(marked, taken)?.data.equals(mark) === true) return 'ours';
    return how === 'given_back' || foundIn(entry, path) === undefined ? 'ended' : 'lost';
  }

  /** The session is over: what is done may be so at the servers or not; what is given back is free in any case. */
  #inDoubt({ how }: EndAsk, error: unknown): unknown {
    return how === 'done' && codeOf(error) === 'session_over' ? recipeError('in_doubt', this.#path) : error;
  }
}

const PARTS = 2;

/** What says that the item is not this one's any more. */
const changed: ReadonlySet<string> = new Set(['no_node', 'bad_version']);

/** Nobody else's mark is deleted: who has taken the item since has raised its version. */
function partsOf({ item, how }: EndAsk): readonly TransactionPart[] {
  const { path, taken, version } = item.identity;
  return [
    { op: how === 'done' ? 'delete' : 'check', path, version },
    { op: 'delete', path: taken },
  ];
}

function settle(batch: Asked<EndAsk, Ended>[], one: Asked<EndAsk, Ended>, ended: Ended): void {
  batch.splice(batch.indexOf(one), 1);
  one.resolve(ended);
}
