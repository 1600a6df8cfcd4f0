import { codeOf } from '@reeve/base';
import {
  type Acl,
  type AddWatchMode,
  addWatchModes,
  type ErrorName,
  nothing,
  type ReplyOf,
  type SessionId,
  type Stat,
  type WatcherType,
  watcherTypes,
} from '@reeve/wire';
import { argumentFault, createFault, partFault } from './arguments.ts';
import { Chroot } from './chroot.ts';
import { clientError } from './client-error.ts';
import { type ClientOptions, type ClientSettings, completeOptions, SASL } from './client-options.ts';
import type {
  Coordination,
  CreateOptions,
  ReadPart,
  ReadResult,
  RequestOptions,
  SessionChange,
  TransactionPart,
  TransactionResult,
  VersionOptions,
  Watch,
  WatchListener,
  WatchOptions,
  Znode,
} from './coordination.ts';
import { type Call, Request } from './request.ts';
import { Session } from './session.ts';
import { isFinal, type SessionState } from './session-state.ts';
import { readResult, transactionResults, wireCreate, wirePart, wireRead } from './transaction.ts';
import { WatchHandle } from './watch-handle.ts';
import type { ArmingRead, OneShotKind } from './watch-registry.ts';

const ANY_VERSION = -1;
const CLOSE_MS_MAX = 2_000;

/** A client of one session with a ZooKeeper-protocol service. Made by `connect` or `createClient`. */
export class Client implements Coordination {
  readonly #settings: ClientSettings;
  readonly #session: Session;
  readonly #chroot: Chroot;

  constructor(options: ClientOptions) {
    this.#settings = completeOptions(options);
    this.#chroot = new Chroot(this.#settings.chroot);
    this.#session = new Session(this.#settings);
    this.#session.start();
  }

  get state(): SessionState {
    return this.#session.state;
  }

  get sessionId(): SessionId {
    return this.#session.id;
  }

  get sessionTimeoutMs(): number {
    return this.#session.timeoutMs;
  }

  get sessionDeadline(): number {
    return this.#session.deadline;
  }

  create(path: string, data: Uint8Array | null, options: CreateOptions = {}): Promise<string> {
    const fault = createFault(path, data, options);
    if (fault !== undefined) return refused('create', path, fault);
    const body = wireCreate(this.#chroot.toServer(path), data, options);
    return this.#make({ op: body.op, body, path, finish: this.#createdPath }, options);
  }

  delete(path: string, options: VersionOptions = {}): Promise<void> {
    const body = { path: this.#chroot.toServer(path), version: options.version ?? ANY_VERSION };
    return this.#checked({ op: 'delete', body, path, finish: nobody }, options);
  }

  exists(path: string, options: WatchOptions = {}): Promise<Stat | undefined> {
    return this.#read({ op: 'exists', path, finish: theStat, undefinedAt: 'no_node' }, options);
  }

  getData(path: string, options: WatchOptions = {}): Promise<Znode> {
    return this.#read({ op: 'getData', path, finish: itself<Znode> }, options);
  }

  setData(path: string, data: Uint8Array | null, options: VersionOptions = {}): Promise<Stat> {
    const fault = argumentFault(path, data);
    if (fault !== undefined) return refused('setData', path, fault);
    const body = { path: this.#chroot.toServer(path), data, version: options.version ?? ANY_VERSION };
    return this.#make({ op: 'setData', body, path, finish: theStat }, options);
  }

  getChildren(path: string, options: WatchOptions = {}): Promise<readonly string[]> {
    return this.#read({ op: 'getChildren', path, finish: theChildren }, options);
  }

  getAcl(path: string, options: RequestOptions = {}): Promise<{ readonly acl: readonly Acl[]; readonly stat: Stat }> {
    const body = { path: this.#chroot.toServer(path) };
    return this.#checked({ op: 'getACL', body, path, finish: itself<ReplyOf<'getACL'>> }, options);
  }

  setAcl(path: string, acl: readonly Acl[], options: VersionOptions = {}): Promise<Stat> {
    const body = { path: this.#chroot.toServer(path), acl, version: options.version ?? ANY_VERSION };
    return this.#checked({ op: 'setACL', body, path, finish: theStat }, options);
  }

  sync(path: string, options: RequestOptions = {}): Promise<void> {
    return this.#checked({ op: 'sync', body: { path: this.#chroot.toServer(path) }, path, finish: nobody }, options);
  }

  multi(parts: readonly TransactionPart[], options: RequestOptions = {}): Promise<readonly TransactionResult[]> {
    for (const part of parts) {
      const fault = partFault(part);
      if (fault !== undefined) return refused(`multi ${part.op}`, part.path, fault);
    }
    const body = parts.map((part) => wirePart(part, this.#chroot));
    const finish = (results: ReplyOf<'multi'>) => transactionResults(parts, results, this.#chroot);
    return this.#make({ op: 'multi', body, path: parts[0]?.path, finish }, options);
  }

  multiRead(parts: readonly ReadPart[], options: RequestOptions = {}): Promise<readonly ReadResult[]> {
    for (const { op, path } of parts) {
      const fault = argumentFault(path);
      if (fault !== undefined) return refused(`multiRead ${op}`, path, fault);
    }
    const body = parts.map((part) => wireRead(part, this.#chroot));
    return this.#make({ op: 'multiRead', body, path: parts[0]?.path, finish: theReads }, options);
  }

  async watch(path: string, mode: AddWatchMode, listener: WatchListener, options: RequestOptions = {}): Promise<Watch> {
    const fault = argumentFault(path);
    if (fault !== undefined) return refused('watch', path, fault);
    const { watches } = this.#session;
    const serverPath = this.#chroot.toServer(path);
    const handle: WatchHandle = new WatchHandle(listener, () => this.#disarm(serverPath, { handle, mode }));
    const body = { path: serverPath, mode: addWatchModes[watches.want(serverPath, mode)] };
    const answered = (error: ErrorName) => {
      if (error === 'ok') watches.arm(serverPath, { handle, mode });
    };
    try {
      await this.#make({ op: 'addWatch', body, path, finish: nobody, answered }, options);
    } catch (error) {
      this.#forget(serverPath, { handle, mode, error });
      throw error;
    }
    return handle;
  }

  async removeWatches(path: string, type: WatcherType, options: RequestOptions = {}): Promise<void> {
    const serverPath = this.#chroot.toServer(path);
    const body = { path: serverPath, type: watcherTypes[type] };
    const { watches } = this.#session;
    const settled = type === 'any' ? watches.removing(serverPath) : nobody;
    const answered = (error: ErrorName) => {
      if (error === 'ok') watches.remove(serverPath, type);
    };
    try {
      await this.#checked({ op: 'removeWatches', body, path, finish: nobody, answered }, options);
    } finally {
      settled();
    }
  }

  async unwatch(path: string, listener: WatchListener, options: RequestOptions = {}): Promise<void> {
    const serverPath = this.#chroot.toServer(path);
    const type = this.#session.watches.withdraw(serverPath, listener);
    if (type !== undefined) await this.#disarmOneShot(serverPath, type, options);
  }

  getEphemerals(prefix: string, options: RequestOptions = {}): Promise<readonly string[]> {
    const body = { prefixPath: this.#chroot.toServer(prefix) };
    const finish = (reply: ReplyOf<'getEphemerals'>) => reply.ephemerals.map((path) => this.#chroot.toClient(path));
    return this.#checked({ op: 'getEphemerals', body, path: prefix, finish }, options);
  }

  getAllChildrenNumber(path: string, options: RequestOptions = {}): Promise<number> {
    const body = { path: this.#chroot.toServer(path) };
    const finish = (reply: ReplyOf<'getAllChildrenNumber'>) => reply.totalNumber;
    return this.#checked({ op: 'getAllChildrenNumber', body, path, finish }, options);
  }

  addAuth(scheme: string, auth: Uint8Array, options: RequestOptions = {}): Promise<void> {
    if (scheme === SASL)
      return refused('auth', '', 'identities of scheme sasl are given to the client when it is made');
    const body = { type: 0, scheme, auth: Buffer.from(auth) };
    return this.#promise({ op: 'auth', body, finish: nobody }, options, (request) =>
      this.#session.authenticate(body, request),
    );
  }

  onSession(listener: (change: SessionChange) => void): () => void {
    return this.#session.onChange(listener);
  }

  async close(): Promise<void> {
    const timeoutMs = Math.min(this.#settings.requestTimeoutMs, CLOSE_MS_MAX);
    const call = { op: 'closeSession' as const, body: nothing, finish: nobody };
    // Whatever becomes of it, the client is closed: the servers end a session that nobody keeps alive.
    await this.#promise(call, { timeoutMs }, (request) => this.#session.close(request)).catch(() => undefined);
  }

  /** Resolves when there is a session; rejects when there is none after the session time-out. */
  async connected(): Promise<void> {
    const timeoutMs = this.#settings.sessionTimeoutMs;
    const state = await new Promise<SessionState>((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        stop();
        resolve(this.state);
      };
      const timer = setTimeout(settle, timeoutMs);
      const stop = this.onSession(settle);
      if (this.state !== 'connecting') settle();
    });
    if (state === 'connected') return;
    const code = state === 'auth_failed' ? state : 'unreachable';
    const servers = this.#settings.hosts.map(({ host, port }) => `${host}:${port}`).join(', ');
    const reason = this.#session.lastFailure || 'no answer';
    const detail = `no session with ${servers} after ${timeoutMs} ms: ${reason}`;
    throw clientError({ code, outcome: 'failed', op: 'connect', reason }, detail);
  }

  readonly #createdPath = (reply: ReplyOf<'create'>): string => this.#chroot.toClient(reply.path);

  /** A read that may arm a one-shot watch. */
  #read<T>(call: Read<T>, options: WatchOptions): Promise<T> {
    const { op, path, finish, undefinedAt } = call;
    const fault = argumentFault(path);
    if (fault !== undefined) return refused(op, path, fault);
    const serverPath = this.#chroot.toServer(path);
    if (options.watch !== undefined) return this.#watchedRead(call, serverPath, options);
    return this.#make({ op, body: { path: serverPath, watch: false }, path, finish, undefinedAt }, options);
  }

  async #watchedRead<T>(call: Read<T>, serverPath: string, options: WatchOptions): Promise<T> {
    const { watches } = this.#session;
    // Where a persistent watch tells of this path already, another one at the server would replace it.
    const release = watches.reserve(serverPath);
    const read = watches.beginRead(serverPath, options.watch as WatchListener);
    const answered = (error: ErrorName) => watches.readAnswered(read, oneShotKind(call.op, error));
    const answeredLate = (error: ErrorName) => {
      answered(error);
      this.#endRead(read);
    };
    const body = { path: serverPath, watch: release === undefined };
    try {
      return await this.#make({ ...call, body, answered, answeredLate }, options);
    } catch (error) {
      if (unanswered.has(codeOf(error) ?? '')) watches.abandonRead(read);
      throw error;
    } finally {
      release?.();
      if (read.answer === 'awaited') this.#endRead(read);
    }
  }

  #endRead(read: ArmingRead): void {
    const type = this.#session.watches.endRead(read);
    // Nobody waits for this; what a lost connection does not take along is tried by the client again.
    if (type !== undefined) this.#disarmOneShot(read.path, type).catch(() => undefined);
  }

  async #disarmOneShot(path: string, type: WatcherType, options: RequestOptions = {}): Promise<void> {
    if (isFinal(this.state)) return;
    try {
      await this.#make(
        { op: 'removeWatches', body: { path, type: watcherTypes[type] }, path, finish: nobody },
        options,
      );
    } catch (error) {
      // A connection that is lost takes the watch with it: the next one arms only what is still wanted.
      const code = codeOf(error) ?? '';
      if (code !== 'connection_loss' && !gone.has(code)) throw error;
    }
  }

  /** A watch that nobody will hold. The server may arm it yet, unless it has refused. */
  #forget(path: string, watch: { handle: WatchHandle; mode: AddWatchMode; error: unknown }): void {
    const code = codeOf(watch.error);
    if (code === 'deadline_exceeded' || code === 'aborted') watch.handle.close().catch(() => undefined);
    else this.#session.watches.unwant(path, watch);
  }

  /** The last of a watch is gone: the server must forget it, or hold what others still want. */
  async #disarm(path: string, watch: { readonly handle: WatchHandle; readonly mode: AddWatchMode }): Promise<void> {
    const left = this.#session.watches.unwant(path, watch);
    if (isFinal(this.state)) return;
    if (left === watch.mode) return;
    try {
      if (left === 'nothing')
        await this.#make({ op: 'removeWatches', body: { path, type: watcherTypes.any }, finish: nobody });
      else await this.#make({ op: 'addWatch', body: { path, mode: addWatchModes[left] }, finish: nobody });
    } catch (error) {
      // No such watch, or no session that holds it: nothing is left to disarm.
      if (!gone.has(codeOf(error) ?? '')) throw error;
    }
  }

  #checked<T>(call: Call<T> & { readonly path: string }, options: RequestOptions): Promise<T> {
    const fault = argumentFault(call.path);
    return fault === undefined ? this.#make(call, options) : refused(call.op, call.path, fault);
  }

  #make<T>(call: Call<T>, options: RequestOptions = {}): Promise<T> {
    return this.#promise(call, options, this.#submit);
  }

  readonly #submit = (request: Request): void => this.#session.submit(request);

  #promise<T>(call: Call<T>, options: RequestOptions, submit: (request: Request) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const timeoutMs = options.timeoutMs ?? this.#settings.requestTimeoutMs;
      const request = new Request(call, this.#settings.clock.now() + timeoutMs, { resolve, reject });
      if (options.signal !== undefined) obey(options.signal, request);
      if (request.phase !== 'settled') submit(request);
    });
  }
}

/** Opens a client without waiting for a connection: requests wait for it. */
export function createClient(options: ClientOptions): Client {
  return new Client(options);
}

/**
 * Opens a client and waits for its session, as long as the session time-out at most.
 *
 * @throws ClientError `unreachable` when no server answered, `auth_failed` when it refused an identity
 * @example
 * const client = await connect({ servers: '127.0.0.1:2181/my-app' });
 */
export async function connect(options: ClientOptions): Promise<Client> {
  const client = createClient(options);
  try {
    await client.connected();
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}

type ReadOp = 'exists' | 'getData' | 'getChildren';
type Read<T> = Omit<Call<T>, 'body' | 'answered' | 'answeredLate'> & { readonly op: ReadOp; readonly path: string };

const gone: ReadonlySet<string> = new Set(['no_watcher', 'session_expired', 'client_closed', 'auth_failed']);

/** Failures of a request whose answer may come all the same. */
const unanswered: ReadonlySet<string> = new Set(['aborted', 'deadline_exceeded']);

const nobody = (): void => undefined;
const itself = <T>(reply: T): T => reply;
const theStat = (reply: { readonly stat: Stat }): Stat => reply.stat;
const theChildren = (reply: ReplyOf<'getChildren'>): readonly string[] => reply.children;
const theReads = (reply: ReplyOf<'multiRead'>): readonly ReadResult[] => reply.map(readResult);

function refused<T>(op: string, path: string, why: string): Promise<T> {
  return Promise.reject(clientError({ code: 'invalid_argument', outcome: 'failed', op, path }, why));
}

/** What a read's watch waits for, by its answer; nothing where the read armed none. */
function oneShotKind(op: ReadOp, error: ErrorName): OneShotKind | undefined {
  if (error === 'ok') return op === 'getChildren' ? 'children' : 'data';
  return op === 'exists' && error === 'no_node' ? 'absent' : undefined;
}

function obey(signal: AbortSignal, request: Request): void {
  const abort = () => request.fail('aborted');
  if (signal.aborted) return abort();
  signal.addEventListener('abort', abort, { once: true });
  request.onSettled = () => signal.removeEventListener('abort', abort);
}
