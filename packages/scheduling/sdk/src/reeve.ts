import { type Logger, silent } from '@reeve/base';
import { type AuthInfo, type ClientTls, connect as openSession } from '@reeve/client';
import { Layout } from '@reeve/tasks';
import type { CallOptions } from './call.ts';
import { ChangeFeed, type WatchOptions } from './change-feed.ts';
import { FinalStatuses } from './final-statuses.ts';
import { Fleet, type MasterSummary, type WorkerSummary } from './fleet.ts';
import type { NamedHandler } from './handler.ts';
import { Link } from './link.ts';
import type { Overview } from './overview.ts';
import { OverviewReader } from './overview-reader.ts';
import { ReeveError } from './reeve-error.ts';
import { check } from './schema.ts';
import { type SubmitManyOptions, Submitter } from './submitter.ts';
import type { TaskChange } from './task-changes.ts';
import { type HandleContext, TaskHandle } from './task-handle.ts';
import { type ListOptions, TaskLister, type TaskPage } from './task-list.ts';
import { type CommandRequest, type SubmitOptions, type TaskRequest, taskIdOf } from './task-request.ts';

/** Where Reeve is, and how patient to be. */
export interface ConnectOptions {
  /** Coordinators (or another ZooKeeper-protocol service): `host:port[,host:port…][/chroot]`; 127.0.0.1:2181 unless given. */
  readonly connect?: string | undefined;
  /** The znode under which the platform lives; `/reeve` unless given. */
  readonly root?: string | undefined;
  /** Milliseconds until `connect` rejects with `unreachable`; also the session time-out that is asked for. 5000. */
  readonly connectTimeoutMs?: number | undefined;
  /** The deadline of an operation that names none, milliseconds; 30000 unless given. */
  readonly timeoutMs?: number | undefined;
  /** Identities to present, where the coordinator asks for them. */
  readonly auth?: readonly AuthInfo[] | undefined;
  /** Connects with TLS, to the secure port of the coordinators; plainly unless given. */
  readonly tls?: ClientTls | undefined;
  /** Where to report what happens below; nowhere unless given. */
  readonly logger?: Logger | undefined;
}

interface Abortable {
  /** Fires to give up submitting: the task may have been submitted or not. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of submitting a task for a handler: when, where and how often it runs. */
export type SubmitHandlerOptions = SubmitOptions & Abortable;

/** Options of submitting a command. */
export type SubmitCommandOptions = Omit<CommandRequest, 'argv'> & Abortable;

/** A connection to Reeve: submit tasks, follow them, look around. Made by `connect`. */
export class Reeve {
  readonly #link: Link;
  readonly #layout: Layout;
  readonly #submitter: Submitter;
  readonly #handles: HandleContext;

  constructor(link: Link, layout: Layout) {
    this.#link = link;
    this.#layout = layout;
    this.#submitter = new Submitter(link, layout);
    this.#handles = { link, layout, finalStatuses: new FinalStatuses(link, layout) };
  }

  /**
   * Submits a task for a handler, by reference (payload and result are then typed, and the payload is checked here) or
   * by name. Once it resolves, the task will be done whatever crashes.
   *
   * @example
   * const task = await reeve.submit(resize, { file: 'a.png', width: 200 });
   * const { bytes } = await task.result();
   */
  submit<Input, Payload, Result>(
    handler: NamedHandler<Input, Payload, Result>,
    payload: Input,
    options?: SubmitHandlerOptions,
  ): Promise<TaskHandle<Result>>;
  submit(handler: string, payload?: unknown, options?: SubmitHandlerOptions): Promise<TaskHandle>;
  async submit(
    handler: string | NamedHandler<unknown, unknown, unknown>,
    payload: unknown = null,
    { signal, ...options }: SubmitHandlerOptions = {},
  ): Promise<TaskHandle> {
    const name = typeof handler === 'string' ? handler : handler.name;
    if (typeof handler !== 'string') await checkPayload(handler, payload);
    return this.#submitted({ ...options, handler: name, payload }, signal);
  }

  /** Submits a task that runs a command, without a shell unless `options.shell` gives a line for one. */
  submitCommand(argv: readonly string[], { signal, ...options }: SubmitCommandOptions = {}): Promise<TaskHandle> {
    return this.#submitted({ ...options, argv }, signal);
  }

  /**
   * Submits any number of tasks in batches, several at a time; memory stays bounded by the batches under way. Yields the
   * handles of each batch, in order, once it is acknowledged; nothing is submitted unless this is iterated.
   *
   * @example
   * for await (const handles of reeve.submitMany(requests)) bar.increment(handles.length);
   */
  async *submitMany(
    requests: Iterable<TaskRequest> | AsyncIterable<TaskRequest>,
    options: SubmitManyOptions = {},
  ): AsyncGenerator<readonly TaskHandle[]> {
    for await (const taskIds of this.#submitter.submitMany(requests, options)) {
      yield taskIds.map((taskId) => new TaskHandle(taskId, this.#handles));
    }
  }

  /** Submits all of an array (see `submitMany`) and gives their handles, in order. */
  async submitAll(requests: Iterable<TaskRequest>, options: SubmitManyOptions = {}): Promise<readonly TaskHandle[]> {
    const handles: TaskHandle[] = [];
    for await (const some of this.submitMany(requests, options)) handles.push(...some);
    return handles;
  }

  /** The task of this id, whether it exists or not. Throws `invalid_task` when `taskId` cannot be one. */
  task(taskId: string): TaskHandle {
    return new TaskHandle(taskIdOf(taskId), this.#handles);
  }

  /** One page of tasks, the newest first. */
  list({ signal, timeoutMs, ...query }: ListOptions & CallOptions = {}): Promise<TaskPage> {
    return this.#link.run((session, request) => new TaskLister(session, this.#layout, request).page(query), {
      signal,
      timeoutMs,
    });
  }

  /** The changes of all tasks, or of some, from now on. Ends with `signal`. */
  watch(options: WatchOptions = {}): AsyncGenerator<TaskChange> {
    return new ChangeFeed(this.#link, this.#layout, options).read();
  }

  /** The workers that live. */
  workers(options?: CallOptions): Promise<readonly WorkerSummary[]> {
    return this.#link.run((session, request) => new Fleet(session, this.#layout, request).workers(), options);
  }

  /** The masters that live: the primary, and its backups. */
  masters(options?: CallOptions): Promise<readonly MasterSummary[]> {
    return this.#link.run((session, request) => new Fleet(session, this.#layout, request).masters(), options);
  }

  /** Reeve at a glance: who decides, who works, what waits and why. */
  status(options?: CallOptions): Promise<Overview> {
    return this.#link.run((session, request) => new OverviewReader(session, this.#layout, request).read(), options);
  }

  /** Ends the session. Whatever is still waited for rejects with `closed`. Idempotent. */
  close(): Promise<void> {
    return this.#link.close();
  }

  async #submitted(request: TaskRequest, signal: AbortSignal | undefined): Promise<TaskHandle> {
    return new TaskHandle(await this.#submitter.submit(request, { signal }), this.#handles);
  }
}

const CONNECT_DEFAULT = '127.0.0.1:2181';
const CONNECT_TIMEOUT_MS = 5_000;
const TIMEOUT_MS = 30_000;

/**
 * Connects to Reeve. Rejects with `unreachable` when no coordinator answers in time.
 *
 * @example
 * const reeve = await connect({ connect: '127.0.0.1:2181' });
 */
export async function connect(options: ConnectOptions = {}): Promise<Reeve> {
  const servers = options.connect ?? CONNECT_DEFAULT;
  const sessionTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const { auth = [], tls, logger = silent, timeoutMs = TIMEOUT_MS } = options;
  const secure = tls === undefined ? {} : { tls };
  const link = new Link({
    open: () => openSession({ servers, sessionTimeoutMs, auth, ...secure, logger }),
    connect: servers,
    timeoutMs,
  });
  await link.open();
  return new Reeve(link, new Layout(options.root));
}

async function checkPayload(handler: NamedHandler<unknown, unknown, unknown>, payload: unknown): Promise<void> {
  const checked = await check(handler.payload, payload);
  if (checked.ok) return;
  const message = `the payload does not fit the handler "${handler.name}": ${checked.message}`;
  throw new ReeveError({ code: 'invalid_task' }, message);
}
