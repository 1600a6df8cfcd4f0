import type { RecipeError } from '../recipe/recipe-error.ts';
import { unless, untilUnwanted, type WaitOptions } from '../recipe/waiting.ts';

/** Something asked for, and who waits for the answer. */
export interface Asked<Ask, Answer> {
  readonly ask: Ask;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Does what is asked for in batches, one batch at a time: what is asked while one is under way is gathered for the
 * next. So many callers cost one write, and no caller waits for company.
 */
export class Gathering<Ask, Answer> {
  readonly #path: string;
  readonly #work: (asked: Asked<Ask, Answer>[]) => Promise<void>;
  readonly #forgotten: () => void;
  readonly #asked: Asked<Ask, Answer>[] = [];
  #working: 'no' | 'yes' = 'no';
  #ended: RecipeError | undefined;

  /**
   * @param path where the recipe works, for messages
   * @param work takes some off the front of what is asked, if any is left, and settles them; must not throw
   * @param forgotten called when somebody who waits for the next batch gives up
   */
  constructor(
    path: string,
    work: (asked: Asked<Ask, Answer>[]) => Promise<void>,
    forgotten: () => void = () => undefined,
  ) {
    this.#path = path;
    this.#work = work;
    this.#forgotten = forgotten;
  }

  /**
   * Asks, and waits for the answer. Who gives up before the batch begins takes the wish back; afterwards it may be
   * fulfilled all the same.
   */
  ask(ask: Ask, options: WaitOptions = {}): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    let asked: Asked<Ask, Answer> | undefined;
    const answer = new Promise<Answer>((resolve, reject) => {
      asked = { ask, resolve, reject };
      this.#asked.push(asked);
    });
    this.#begin();
    if (options.signal === undefined && options.timeoutMs === undefined) return answer;
    const unwanted = untilUnwanted(options);
    const forget = () => this.#forget(asked as Asked<Ask, Answer>);
    unwanted.addEventListener('abort', forget, { once: true });
    if (unwanted.aborted) forget();
    return unless(unwanted, this.#path, answer).finally(() => unwanted.removeEventListener('abort', forget));
  }

  /** Nothing is begun any more: whoever waits for the next batch is told why. */
  end(why: RecipeError): void {
    this.#ended = why;
    for (const { reject } of this.#asked.splice(0)) reject(why);
  }

  #forget(asked: Asked<Ask, Answer>): void {
    const at = this.#asked.indexOf(asked);
    if (at === -1) return;
    this.#asked.splice(at, 1);
    this.#forgotten();
  }

  #begin(): void {
    if (this.#working === 'yes') return;
    this.#working = 'yes';
    // Behind the turn in which it was asked: what is asked in one turn is one batch.
    queueMicrotask(() => this.#run());
  }

  async #run(): Promise<void> {
    while (this.#asked.length > 0) await this.#work(this.#asked);
    this.#working = 'no';
  }
}
