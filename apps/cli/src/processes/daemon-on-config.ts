import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '@reeve/base';
import { type ConfigFollower, documentAt, type JsonValue } from '@reeve/configuration';
import { CliError } from '../cli-error.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { environmentOf } from './config-environment.ts';
import type { ConfigFile } from './config-file.ts';
import { type RunningLine, runLine } from './run-line.ts';

/** A command that runs on values. */
export interface DaemonOptions {
  readonly follower: ConfigFollower;
  readonly keys: readonly string[];
  readonly line: readonly string[];
  /** Where the values go; into the environment unless given. */
  readonly file: ConfigFile | undefined;
  /** Before the names in the environment. */
  readonly prefix: string;
  readonly onChange: 'restart' | 'nothing' | NodeJS.Signals;
  readonly graceMs: number;
  /** Fires, with the name of a signal, when we are to stop. */
  readonly stop: AbortSignal;
  readonly note: (text: string) => void;
}

/** Runs a command on values: starts it again, or sends it a signal, when they change. */
export class DaemonOnConfig {
  readonly #options: DaemonOptions;
  #wake: () => void = () => undefined;
  #isDue: 'no' | 'yes' = 'no';
  #environment: Readonly<Record<string, string>> = {};

  constructor(options: DaemonOptions) {
    this.#options = options;
  }

  /** Runs it until it ends by itself, or we are to stop. Says what to exit with. */
  async run(): Promise<ExitCode> {
    const { follower, onChange, stop } = this.#options;
    if (onChange !== 'nothing') follower.events.subscribe((event) => this.#heard(event.kind));
    await this.#begin();
    let running = await this.#start();
    const stopped = stop.aborted ? Promise.resolve() : once(stop, 'abort');
    for (;;) {
      const changed =
        this.#isDue === 'yes' ? Promise.resolve() : new Promise<void>((resolve) => (this.#wake = resolve));
      const what = await Promise.race([
        running.ended.then(() => 'ended' as const),
        stopped.then(() => 'stop' as const),
        changed.then(() => 'change' as const),
      ]);
      if (what === 'ended') return running.ended;
      if (what === 'stop') return this.#end(running);
      this.#isDue = 'no';
      running = await this.#apply(running);
    }
  }

  #heard(kind: string): void {
    if (kind !== 'changed') return;
    this.#isDue = 'yes';
    this.#wake();
  }

  /** Makes ready for the first start: what an earlier run has left in place was good then. */
  async #begin(): Promise<void> {
    const { file, note } = this.#options;
    const missing = this.#options.keys.find((key) => this.#options.follower.get(key) === undefined);
    if (missing !== undefined) {
      throw new CliError(
        { code: 'not_found', exitCode: exitCodes.notFound },
        `there is no key ${missing}, and none below it`,
      );
    }
    this.#environment = this.#environmentNow();
    try {
      await file?.put(this.#content());
    } catch (error) {
      if ((await file?.isThere()) !== true) throw error;
      note(`${messageOf(error)}; ${file?.file} stays as an earlier run has left it`);
    }
  }

  /** Takes the values of now. Says what runs after that. */
  async #apply(running: RunningLine): Promise<RunningLine> {
    const { file, onChange, graceMs, note } = this.#options;
    try {
      if (!(await this.#isNew())) return running;
    } catch (error) {
      note(`${messageOf(error)}; what runs stays as it is`);
      return running;
    }
    if (file !== undefined && onChange !== 'restart' && onChange !== 'nothing') {
      running.signal(onChange);
      note(`${file.file} has changed: sent ${onChange}`);
      return running;
    }
    note('the values have changed: starting again');
    await running.end({ graceMs });
    return this.#start();
  }

  async #isNew(): Promise<boolean> {
    const { file } = this.#options;
    const before = this.#environment;
    if (file !== undefined) return (await file.put(this.#content())) === 'written';
    this.#environment = this.#environmentNow();
    return !isDeepStrictEqual(before, this.#environment);
  }

  #start(): Promise<RunningLine> {
    const { file, line } = this.#options;
    return runLine(line, file === undefined ? this.#environment : { REEVE_CONFIG_FILE: file.file });
  }

  async #end(running: RunningLine): Promise<ExitCode> {
    const { graceMs, stop } = this.#options;
    await running.end({ graceMs, signal: stop.reason as NodeJS.Signals });
    return exitCodes.interrupted;
  }

  #environmentNow(): Readonly<Record<string, string>> {
    return environmentOf(this.#options.follower.values, this.#options.prefix);
  }

  #content(): { readonly values: ReadonlyMap<string, JsonValue>; readonly document: JsonValue } {
    const { values } = this.#options.follower;
    return { values, document: documentAt(values, '') ?? {} };
  }
}
