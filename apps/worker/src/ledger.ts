import { closeSync, fstatSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FromRunner, parseReport } from './message.ts';

/*
 * A file without a name that a worker and one runner share. It survives a crash of the runner, and both sides use it
 * without the other's event loop: a handler may block its runner for a minute.
 *
 *   0 … 7    the highest `n` that is revoked, written by the worker
 *   64 …     reports that are not certain to have reached the pipe, written by the runner, one line of JSON each
 *
 * The runner writes `started n` and then reads what is revoked; the worker writes what is revoked and then reads what
 * has started. Whichever comes second sees the other, so an attempt that the worker took back never runs.
 */
const JOURNAL_START = 64;

/** Above this the runner starts the journal anew. */
const JOURNAL_BYTES_MAX = 32 * 1024;

/** The worker's side. */
export class Ledger {
  /** To be handed to the runner. */
  readonly descriptor: number;
  readonly #head = Buffer.alloc(8);

  constructor() {
    const directory = mkdtempSync(join(tmpdir(), 'reeve-ledger-'));
    this.descriptor = openSync(join(directory, 'ledger'), 'w+', 0o600);
    rmSync(directory, { recursive: true, force: true });
    writeSync(this.descriptor, Buffer.alloc(JOURNAL_START), 0, JOURNAL_START, 0);
  }

  /** Forbids the runner to start anything up to and including `n`. */
  revoke(n: number): void {
    this.#head.writeDoubleLE(n);
    writeSync(this.descriptor, this.#head, 0, 8, 0);
  }

  /** The reports of the journal, oldest first; some of them may have come through the pipe as well. */
  read(): readonly FromRunner[] {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(this.descriptor).size - JOURNAL_START));
    const read = readSync(this.descriptor, bytes, 0, bytes.length, JOURNAL_START);
    const lines = bytes.toString('utf8', 0, read).split('\n').slice(0, -1);
    // A line may be torn when the runner was killed, or writes, just now.
    return lines.map(parseReport).filter((report) => report !== undefined);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** The runner's side. */
export class LedgerWriter {
  readonly #descriptor: number;
  readonly #head = Buffer.alloc(8);
  #buffer = Buffer.allocUnsafe(4096);
  #end = JOURNAL_START;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Adds whole lines. They are in the hands of the operating system when it returns. */
  append(lines: string): void {
    if (lines.length * 3 > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(lines.length * 3);
    const length = this.#buffer.write(lines);
    let written = 0;
    while (written < length) {
      written += writeSync(this.#descriptor, this.#buffer, written, length - written, this.#end + written);
    }
    this.#end += length;
  }

  /** Whether the worker has taken `n` back. */
  isRevoked(n: number): boolean {
    readSync(this.#descriptor, this.#head, 0, 8, 0);
    return n <= this.#head.readDoubleLE();
  }

  get isFull(): boolean {
    return this.#end >= JOURNAL_BYTES_MAX;
  }

  /** Starts the journal anew. All of it must have reached the pipe, and nothing must be running. */
  restart(): void {
    ftruncateSync(this.#descriptor, JOURNAL_START);
    this.#end = JOURNAL_START;
  }
}
