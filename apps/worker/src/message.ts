import type { TaskError, TaskId, Work } from '@reeve/tasks';

/** One attempt, as a runner gets it. `n` counts what this runner was sent, so both sides agree on an order. */
export interface RunOrder {
  readonly kind: 'run';
  readonly n: number;
  readonly taskId: TaskId;
  readonly queue: string;
  readonly attempt: number;
  readonly workerId: string;
  readonly fence: number;
  /** The most milliseconds it may run; 0 = no limit. */
  readonly timeoutMs: number;
  readonly work: Work;
}

/** Why a worker stops an attempt that runs. */
export type AbortReason = 'cancelled' | 'session_lost' | 'draining';

/** What a worker says to a runner: one line of JSON each. */
export type ToRunner = RunOrder | { readonly kind: 'abort'; readonly n: number; readonly reason: AbortReason };

/** Whether another attempt could end differently. */
export type Hope = 'retry' | 'give_up';

/** What a runner says to its worker: one line of JSON each. `at` is when the attempt started, `ms` how long it ran. */
export type FromRunner =
  | { readonly kind: 'ready'; readonly handlers: readonly string[] }
  | { readonly kind: 'unloadable'; readonly module: string; readonly message: string }
  /** `pid` is the process group of a command; handlers run in the runner itself. */
  | { readonly kind: 'started'; readonly n: number; readonly at: number; readonly pid?: number }
  | {
      readonly kind: 'succeeded';
      readonly n: number;
      readonly at: number;
      readonly ms: number;
      readonly result?: unknown;
    }
  | {
      readonly kind: 'failed';
      readonly n: number;
      readonly at: number;
      readonly ms: number;
      readonly error: TaskError;
      readonly hope: Hope;
    }
  /** It was revoked before it started, or came to a runner that is about to leave. */
  | { readonly kind: 'declined'; readonly n: number }
  /** Something for the log that belongs to no result, such as an exception after the attempt had ended. */
  | { readonly kind: 'note'; readonly taskId?: TaskId; readonly message: string };

const kinds: ReadonlySet<unknown> = new Set<FromRunner['kind']>([
  'ready',
  'unloadable',
  'started',
  'succeeded',
  'failed',
  'declined',
  'note',
]);

/** Reads one line of what a runner says; undefined when it is none of ours. */
export function parseReport(line: string): FromRunner | undefined {
  try {
    const report = JSON.parse(line) as Partial<FromRunner> | null;
    return kinds.has(report?.kind) ? (report as FromRunner) : undefined;
  } catch {
    return undefined;
  }
}

/** How an attempt ended that a runner finished. */
export type Finished = Extract<FromRunner, { kind: 'succeeded' | 'failed' }>;

/** What a runner is started with: its one argument, as JSON. */
export interface RunnerSettings {
  /** Absolute paths of handler modules; none for the runner of commands. */
  readonly modules: readonly string[];
  readonly resultBytesMax: number;
  /** Milliseconds between asking an attempt to stop and making it. */
  readonly graceMs: number;
}

/** The file descriptors that a runner finds open. */
export const descriptors = { orders: 3, reports: 4, lease: 5, ledger: 6 } as const;

/** Milliseconds on a clock that all processes of this machine share and nobody can set. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
