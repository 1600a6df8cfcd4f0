import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '@reeve/base';
import type { TaskId, Work } from '@reeve/tasks';
import { atTestEnd, eventually, temporaryDirectory } from '@reeve/testkit';
import type { Execution, ExecutionEnd } from '../src/pool/execution.ts';
import { Pool } from '../src/pool/pool.ts';

/** What a test may choose of a pool. */
export interface HarnessOptions {
  readonly slots?: number;
  readonly modules?: readonly string[];
  readonly memoryMaxMb?: number;
  readonly graceMs?: number;
  /** Where the programs of the runners are; the build unless given. */
  readonly runners?: URL;
}

/** Runners are started again after a pause that grows while they cannot start; less than the time-out of a test. */
const END_MS_MAX = 18_000;

/** The grace where a runner or a command is expected to obey, however busy the machine is. */
export const AMPLE_GRACE_MS = 15_000;

const build = new URL('../dist/runner/', import.meta.url);
const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

/** A pool with real runners, from the build, and a record of what it said. */
export class PoolHarness {
  readonly pool: Pool;
  readonly logged: { readonly facts: object; readonly message: string }[] = [];
  readonly directory = temporaryDirectory();
  readonly #ends = new Map<Execution, ExecutionEnd[]>();
  #count = 0;

  constructor({
    slots = 1,
    modules = ['handlers.mjs'],
    memoryMaxMb,
    graceMs = 200,
    runners = build,
  }: HarnessOptions = {}) {
    const log = (facts: object, message: string) => this.logged.push({ facts, message });
    const logger: Logger = { debug: log, info: log, warn: log, error: log };
    this.pool = new Pool({
      slots,
      settings: { modules: modules.map(fixture), resultBytesMax: 1_000, graceMs },
      memoryMaxMb,
      logger,
      onEnd: (execution, end) => this.#ends.get(execution)?.push(end),
      runners,
    });
    atTestEnd(() => this.pool.stop());
  }

  /** Adds an execution without waiting for it. */
  add(work: Work, options: Partial<Execution> = {}): Execution {
    this.#count += 1;
    const execution: Execution = {
      taskId: `task-${this.#count}` as TaskId,
      workerId: 'worker-1',
      queue: 'default',
      attempt: 1,
      fence: 100 + this.#count,
      timeoutMs: 0,
      work,
      repeat: 'repeatable',
      queuedMs: performance.now(),
      ...options,
    };
    this.#ends.set(execution, []);
    this.pool.add(execution);
    return execution;
  }

  handle(handler: string, payload: unknown = {}, options: Partial<Execution> = {}): Execution {
    return this.add({ kind: 'handler', handler, payload }, options);
  }

  shell(line: string, options: Partial<Execution> = {}): Execution {
    return this.add({ kind: 'command', argv: ['/bin/sh', '-c', line] }, options);
  }

  /** Every end that was told of an execution: there should be one. */
  endsOf(execution: Execution): readonly ExecutionEnd[] {
    return this.#ends.get(execution) ?? [];
  }

  async end(execution: Execution): Promise<ExecutionEnd> {
    const what = `${JSON.stringify(execution.work)} ends`;
    return await eventually(() => this.endsOf(execution)[0], { what, deadlineMs: END_MS_MAX });
  }

  async result(execution: Execution): Promise<unknown> {
    const end = await this.end(execution);
    return end.kind === 'succeeded' ? end.result : end;
  }

  async error(execution: Execution) {
    const end = await this.end(execution);
    return end.kind === 'failed' ? end.error : undefined;
  }

  /** Runs `act` until the pool knows that it is short, and may be sent in numbers. */
  async warmUp(): Promise<void> {
    for (let i = 0; i < 5; i += 1) await this.end(this.handle('act', {}));
  }

  /** Starts an attempt that blocks its event loop until there is a file, and waits until it does. */
  async block(name: string): Promise<Execution> {
    const execution = this.handle('act', {
      does: 'block',
      id: name,
      log: this.file(`${name}-blocks`),
      file: this.file(name),
    });
    await eventually(() => this.lines(`${name}-blocks`), { what: `${name} blocks` });
    return execution;
  }

  file(name: string): string {
    return join(this.directory, name);
  }

  lines(name: string): readonly string[] {
    return readFileSync(this.file(name), 'utf8').trim().split('\n');
  }
}

/** Whether a process runs; one that has ended, but nobody has taken note of it, does not. */
export function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' });
  return stdout !== '' && !stdout.startsWith('Z');
}
