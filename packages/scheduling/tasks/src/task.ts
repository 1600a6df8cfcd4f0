/** A task's identity: a UUID version 7 made by the submitter, so 128 bits in order of time; a submit is idempotent. */
export type TaskId = string & { readonly brand: 'TaskId' };

/** What a task runs: a handler that a worker has loaded, or a command (`argv`, no shell unless `shell` is given). */
export type Work =
  | { readonly kind: 'handler'; readonly handler: string; readonly payload: unknown }
  | {
      readonly kind: 'command';
      readonly argv: readonly string[];
      readonly cwd?: string;
      readonly env?: Readonly<Record<string, string>>;
      /** A line for `/bin/sh -c`; `argv` then becomes its `$0 $1 …`. */
      readonly shell?: string;
    };

/** A task with what it asks, before it is submitted. */
export interface NewTask {
  readonly taskId: TaskId;
  readonly spec: TaskSpec;
}

/** When a failed attempt is followed by another. */
export interface RetryPolicy {
  /** The most attempts there may be, the first included; at least 1. */
  readonly attemptsMax: number;
  /** The wait after the first failure, milliseconds; it doubles with each further one, with jitter. */
  readonly backoffMs: number;
  /** The longest wait, milliseconds. */
  readonly backoffMaxMs: number;
}

/** What was asked: immutable once submitted (znode `tasks/<bucket>/<taskId>`). */
export interface TaskSpec {
  readonly work: Work;
  /** The queue it waits in; `default` unless given. Letters, digits, `.`, `_`, `-`; at most 128. */
  readonly queue: string;
  /** Higher goes first among the waiting tasks of a worker's queues; -1000 … 1000, 0 unless given. */
  readonly priority: number;
  /** Not started before this time (milliseconds since the epoch); 0 = at once. */
  readonly notBefore: number;
  /** The most milliseconds one attempt may run; 0 = no limit. */
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  /** `once`: never started twice, whatever happens (invariant I5); it ends `lost` when nobody can know. */
  readonly repeat: 'repeatable' | 'once';
  /** When it was submitted, by the submitter's clock. */
  readonly submittedAt: number;
}

/** Why an attempt did not succeed. */
export interface TaskError {
  /**
   * `handler_failed` (it threw), `handler_exited` (process.exit, a crash, out of memory), `handler_unknown`,
   * `command_failed` (exit code or signal), `timed_out`, `worker_lost`, `cancelled`, `payload_invalid`, `result_invalid`,
   * `spec_invalid` (the primary could not read what was asked).
   */
  readonly code: string;
  readonly message: string;
  readonly stack?: string;
  /** For a command: what it exited with. */
  readonly exitCode?: number;
  readonly signal?: string;
  /** The last bytes of what a command wrote (at most 8 KiB each). */
  readonly stdout?: string;
  readonly stderr?: string;
}

/** How a task can end. */
export type Outcome = 'succeeded' | 'failed' | 'cancelled' | 'lost' | 'expired';

/** The final status of a task (znode `statuses/<bucket>/<taskId>`): it exists once, and never changes. */
export interface TaskStatus {
  readonly outcome: Outcome;
  /** What the handler returned, or for a command `{ exitCode, stdout, stderr }`. Only when succeeded. */
  readonly result?: unknown;
  readonly error?: TaskError;
  /** How many attempts were started. */
  readonly attempts: number;
  /** The worker of the last attempt. */
  readonly workerId?: string;
  readonly startedAt?: number;
  readonly finishedAt: number;
}

/** What earlier attempts left behind (znode `retries/<bucket>/<taskId>`): present only while a task waits or runs again. */
export interface RetryRecord {
  /** How many attempts were started so far. */
  readonly attempts: number;
  /** How many of them ended with their worker rather than by their own fault; these do not use up the policy. */
  readonly workersLost: number;
  /** The next attempt starts no earlier. */
  readonly notBefore: number;
  readonly lastError?: TaskError;
}

/** Who is on a task now (znode `assignments/<workerId>/<taskId>`); its czxid is the fencing token. */
export interface Assignment {
  /** Which attempt this is, counted from 1. */
  readonly attempt: number;
  /** How many earlier attempts ended with their worker. */
  readonly workersLost: number;
  /** Copied from the specification, so that a lost worker's assignments can be moved without reading those. */
  readonly repeat: TaskSpec['repeat'];
  /** Set by the primary while the attempt runs (`data_changed` tells the worker): it is to end as `cancelled`. */
  readonly cancel?: 'requested';
}

/**
 * What a worker says of itself (ephemeral znode `workers/<workerId>`). A workerId is never used again: a worker that has
 * lost its session registers under a new one, so whatever is assigned to an id that is gone has nobody working on it.
 */
export interface WorkerRecord {
  readonly host: string;
  readonly pid: number;
  /** How many attempts it runs at the same time. */
  readonly slots: number;
  readonly queues: readonly string[];
  /** The handlers that it has loaded. */
  readonly handlers: readonly string[];
  /** `commands` when it may run commands as well. */
  readonly runs: readonly ('handlers' | 'commands')[];
  /** `draining`: it finishes what it has and takes nothing new. */
  readonly phase: 'accepting' | 'draining';
  readonly labels: Readonly<Record<string, string>>;
  readonly fleet: string;
  readonly startedAt: number;
}

/** Who decides now (znode `primary`); the version of that znode is the epoch, the fence of all it writes. */
export interface PrimaryRecord {
  readonly masterId: string;
  readonly host: string;
  readonly pid: number;
  /** When it took over, by its own clock. */
  readonly since: number;
}

/** What a specification means where it says nothing: one attempt, no limit of time, at once, in queue `default`. */
export const specDefaults = {
  queue: 'default',
  priority: 0,
  notBefore: 0,
  timeoutMs: 0,
  repeat: 'repeatable',
  retry: { attemptsMax: 1, backoffMs: 1000, backoffMaxMs: 60_000 },
} as const satisfies Partial<TaskSpec>;
