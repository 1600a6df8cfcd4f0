import type { Logger } from '@reeve/base';
import { LineSplitter } from '../line-splitter.ts';

const LINE_CHARACTERS_MAX = 2_048;
const LINES_PER_SECOND_MAX = 100;

/** Passes what a runner writes on to the log, at `debug`: so many lines a second, and then only their number. */
export class OutputLog {
  readonly #logger: Logger;
  readonly #facts: object;
  readonly #splitter: LineSplitter;
  #second = 0;
  #count = 0;

  constructor(logger: Logger, facts: object) {
    this.#logger = logger;
    this.#facts = facts;
    this.#splitter = new LineSplitter((line) => this.#log(line), LINE_CHARACTERS_MAX);
  }

  push(text: string): void {
    this.#splitter.push(text);
  }

  #log(line: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) this.#nextSecond(second);
    this.#count += 1;
    if (this.#count <= LINES_PER_SECOND_MAX) this.#logger.debug(this.#facts, line);
  }

  #nextSecond(second: number): void {
    const dropped = this.#count - LINES_PER_SECOND_MAX;
    if (dropped > 0) this.#logger.debug({ ...this.#facts, dropped }, 'too much output: lines dropped');
    this.#second = second;
    this.#count = 0;
  }
}
