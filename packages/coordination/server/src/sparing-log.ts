import type { Logger } from '@reeve/base';

const linesMax = 20;
const windowMs = 10_000;

/**
 * Warnings about clients, which are free to misbehave as often as they like: so many lines in so many seconds, and in the
 * next one how many were withheld.
 */
export class SparingLog {
  readonly #logger: Logger;
  #windowEndsMs = 0;
  #lines = 0;
  #withheld = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  warn(facts: object, message: string): void {
    const now = Date.now();
    if (now >= this.#windowEndsMs) {
      this.#windowEndsMs = now + windowMs;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines > linesMax) {
      this.#withheld += 1;
      return;
    }
    const withheld = this.#withheld;
    this.#withheld = 0;
    this.#logger.warn(withheld === 0 ? facts : { ...facts, withheld }, message);
  }
}
