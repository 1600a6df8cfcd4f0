import { randomUUID } from 'node:crypto';
import { codeOf, invariant } from '@reeve/base';
import { ClientError, type Coordination, type TransactionPart, type TransactionResult } from '@reeve/client';
import { ensurePath } from '../recipe/ensure-path.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { retrying } from '../recipe/retrying.ts';
import { deleteIfThere, withdraw } from './withdraw.ts';

/** What a write came to: what the service answered, or that the answer was lost but the write was done. */
export type Written = readonly TransactionResult[] | 'answer_lost';

/**
 * Writes transactions, each exactly once, although answers are lost.
 *
 * Every transaction also writes an ephemeral znode of this writer, and expects a version of it. Sent again after a
 * lost answer, a transaction that was done fails at that very part; one that was not is done now. The znode goes with
 * `stop` or the session.
 */
export class OnceWriter {
  readonly #client: Coordination;
  readonly #parent: string;
  readonly #mark: string;
  readonly #stopped = new AbortController();
  /** The version of the mark; none before the first transaction. */
  #version: number | undefined;
  #tried: 'no' | 'yes' = 'no';
  #writing: 'no' | 'yes' = 'no';

  /** @param parent under which the mark stands; created when it is missing */
  constructor(client: Coordination, parent: string) {
    this.#client = client;
    this.#parent = parent;
    this.#mark = `${parent}/_w_${randomUUID()}`;
  }

  /** The name of the mark. */
  get name(): string {
    return this.#mark.slice(this.#parent.length + 1);
  }

  /**
   * Writes all parts or none; one transaction at a time.
   *
   * @throws ClientError why the service refuses it, `failedPart` counted among `parts`; RecipeError `session_over`, or
   *   `stopped`, when it certainly was not written; `in_doubt` when that is not known
   */
  async write(parts: readonly TransactionPart[]): Promise<Written> {
    invariant(this.#writing === 'no', 'a writer writes one transaction at a time');
    this.#writing = 'yes';
    this.#tried = 'yes';
    const doubt: Doubt = { unanswered: 'no' };
    const retry = { client: this.#client, path: this.#parent, stopped: this.#stopped.signal };
    try {
      return await retrying(retry, () => this.#try(parts, doubt));
    } catch (error) {
      if (doubt.unanswered === 'yes') throw recipeError('in_doubt', this.#parent);
      throw error;
    } finally {
      this.#writing = 'no';
    }
  }

  /** Ends a write under way, and takes the mark back. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped.abort(recipeError('stopped', this.#parent));
    if (this.#tried === 'no') return;
    this.#tried = 'no';
    await withdraw(this.#client, this.#parent, () => deleteIfThere(this.#client, this.#mark));
  }

  async #try(parts: readonly TransactionPart[], doubt: Doubt): Promise<Written> {
    for (;;) {
      try {
        const results = await this.#client.multi([this.#stamp(), ...parts]);
        this.#stamped();
        return results.slice(1);
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        if (error.facts.outcome === 'unknown') doubt.unanswered = 'yes';
        if (error.facts.failedPart === undefined) throw error;
        if (error.facts.failedPart > 0) {
          // The mark was as expected: no earlier try has been done.
          doubt.unanswered = 'no';
          throw withPart(error);
        }
        if (doneBefore.has(error.code) && doubt.unanswered === 'yes') {
          this.#stamped();
          doubt.unanswered = 'no';
          return 'answer_lost';
        }
        await this.#restore(error, doubt);
      }
    }
  }

  /** The mark is not as it was left: somebody has deleted it, or what it stands under. */
  async #restore(error: ClientError, doubt: Doubt): Promise<void> {
    if (error.code !== 'no_node') throw error;
    if (this.#version === undefined) await ensurePath(this.#client, this.#parent);
    else if (doubt.unanswered === 'yes') throw error;
    this.#version = undefined;
  }

  #stamp(): TransactionPart {
    const path = this.#mark;
    if (this.#version === undefined) return { op: 'create', path, mode: 'ephemeral' };
    return { op: 'setData', path, data: null, version: this.#version };
  }

  #stamped(): void {
    this.#version = (this.#version ?? -1) + 1;
  }
}

interface Doubt {
  /** Whether a try may have been done without an answer. */
  unanswered: 'no' | 'yes';
}

const doneBefore: ReadonlySet<string | undefined> = new Set(['node_exists', 'bad_version']);

/** The same failure, its part counted without the mark. */
function withPart(error: ClientError): ClientError {
  const { failedPart = 0 } = error.facts;
  return new ClientError({ ...error.facts, failedPart: failedPart - 1 }, error.message, { cause: error });
}

/** Whether a transaction failed because of one of its parts, and for this reason. */
export function failedAt(error: unknown, code: string): number | undefined {
  if (!(error instanceof ClientError) || codeOf(error) !== code) return undefined;
  return error.facts.failedPart;
}
