import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { codeOf } from '@reeve/base';
import type { Colors } from './colors.ts';

/** What an output writes to, and for whom. */
export interface OutputOptions {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** `text` for people, `json` for programs: one JSON value per line. */
  readonly format: 'text' | 'json';
  readonly colors: Colors;
  /** The width of the terminal; undefined when nobody looks, so nothing is cut. */
  readonly columns: number | undefined;
}

/**
 * What a command says on standard output. A reader that goes away (`reeve tasks list | head`) is no error: `gone`
 * fires, and what is written afterwards is dropped.
 */
export class Output {
  readonly format: 'text' | 'json';
  readonly colors: Colors;
  /** The width of the terminal; undefined when nobody looks, so nothing is cut. */
  readonly width: number | undefined;
  readonly gone: AbortSignal;
  readonly #stdout: Writable;
  readonly #stderr: Writable;

  constructor(options: OutputOptions) {
    this.format = options.format;
    this.colors = options.colors;
    this.#stdout = options.stdout;
    this.#stderr = options.stderr;
    this.width = options.columns;
    const gone = new AbortController();
    this.gone = gone.signal;
    this.#stdout.on('error', (error) => {
      if (codeOf(error) !== 'EPIPE') throw error;
      gone.abort();
    });
  }

  /** Writes one line; resolves once the reader keeps up. */
  async line(text: string): Promise<void> {
    await this.#write(`${text}\n`);
  }

  /** Writes bytes as they are; resolves once the reader keeps up. */
  async bytes(data: Uint8Array): Promise<void> {
    await this.#write(data);
  }

  async #write(data: string | Uint8Array): Promise<void> {
    if (this.gone.aborted || this.#stdout.write(data)) return;
    await Promise.race([once(this.#stdout, 'drain'), once(this.gone, 'abort')]);
  }

  /** Writes `value` as one line of JSON. */
  json(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value));
  }

  /** Writes `value` for programs, or the lines of `text` for people. */
  async show(value: unknown, text: () => string): Promise<void> {
    await (this.format === 'json' ? this.json(value) : this.line(text()));
  }

  /** A remark for people beside the output, on standard error. */
  note(text: string): void {
    if (this.format === 'text') this.#stderr.write(`${text}\n`);
  }
}
