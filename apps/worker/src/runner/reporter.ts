import { writeSync } from 'node:fs';
import { codeOf } from '@reeve/base';
import type { LedgerWriter } from '../ledger.ts';
import type { FromRunner } from '../message.ts';

/** A report may wait for company that long, milliseconds, and in that number. */
const WAIT_MS = 1;
const COUNT_MAX = 32;

/**
 * Sends reports to the worker: several in one write, which is synchronous so that nothing is lost when the process
 * ends. What is not written yet stands in the ledger before any user code runs.
 */
export class Reporter {
  readonly #descriptor: number;
  readonly #ledger: LedgerWriter | undefined;
  #pending = '';
  #count = 0;
  #pendingSince = 0;
  #unjournaled = '';
  #scheduled = false;

  constructor(descriptor: number, ledger?: LedgerWriter) {
    this.#descriptor = descriptor;
    this.#ledger = ledger;
  }

  /** Reports at the end of this turn of the event loop at the latest. */
  report(message: FromRunner): void {
    this.#add(`${JSON.stringify(message)}\n`);
  }

  /** As `report` of a success whose result is JSON already, undefined where there is none. */
  succeeded({ n, at, ms }: { n: number; at: number; ms: number }, json: string | undefined): void {
    const result = json === undefined ? '' : `,"result":${json}`;
    this.#add(`{"kind":"succeeded","n":${n},"at":${at},"ms":${ms}${result}}\n`);
  }

  #add(line: string): void {
    if (this.#count === 0) this.#pendingSince = performance.now();
    this.#pending += line;
    this.#unjournaled += line;
    this.#count += 1;
    if (this.#count >= COUNT_MAX || performance.now() - this.#pendingSince > WAIT_MS) this.flush();
    else this.#schedule();
  }

  /** Notes in the ledger, not in the pipe, that `n` starts now, after everything that was reported before. */
  started(n: number, at: number): void {
    if (this.#ledger === undefined) return;
    if (this.#ledger.isFull) {
      this.flush();
      this.#ledger.restart();
    }
    this.#ledger.append(`${this.#unjournaled}{"kind":"started","n":${n},"at":${at}}\n`);
    this.#unjournaled = '';
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#count === 0) return;
    writeAll(this.#descriptor, this.#pending);
    this.#pending = '';
    this.#unjournaled = '';
    this.#count = 0;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}

function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
  } catch (error) {
    // The worker is gone, and nobody left to be told.
    if (codeOf(error) !== 'EPIPE') throw error;
  }
}
