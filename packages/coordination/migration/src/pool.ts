/**
 * Works on items, so many at a time, the last added first: a tree is walked into its depth, and few of its znodes wait.
 * The work may add further items. After the first failure no other is begun.
 */
export class Pool<T> {
  readonly #limit: number;
  readonly #work: (item: T) => Promise<void>;
  readonly #waiting: T[] = [];
  #running = 0;
  #failure: { readonly error: unknown } | undefined;
  #idle: (() => void) | undefined;

  constructor(limit: number, work: (item: T) => Promise<void>) {
    this.#limit = limit;
    this.#work = work;
  }

  add(item: T): void {
    this.#waiting.push(item);
    this.#begin();
  }

  /** Waits until nothing runs and nothing waits. @throws what the work first failed with */
  async done(): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #begin(): void {
    while (this.#running < this.#limit && this.#failure === undefined) {
      const item = this.#waiting.pop();
      if (item === undefined) return;
      this.#running += 1;
      void this.#run(item);
    }
  }

  async #run(item: T): Promise<void> {
    try {
      await this.#work(item);
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#running -= 1;
    this.#begin();
    if (this.#running === 0) this.#idle?.();
  }
}

/** Runs `work` for each item, so many at a time. @throws what the first failed with */
export async function forEach<T>(items: Iterable<T>, limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const lane = async () => {
    for (let next = iterator.next(); next.done !== true && !failed; next = iterator.next()) {
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
}
