import type { Random } from '@reeve/base';
import {
  ClientError,
  type Coordination,
  isFinal,
  type SessionChange,
  type SessionState,
  type TransactionPart,
  type WatchedEvent,
  type WatchListener,
} from '@reeve/client';
import { type ModelService, refusal, type WatchKind } from './model-service.ts';

const LATENCY_MS_MAX = 20;
export const SESSION_MS = 6_000;

interface Sent {
  readonly kind: 'read' | 'write';
  readonly perform: () => unknown;
  /** When the answer is there, before anybody sees it. */
  readonly answered: (error: unknown) => void;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  settled: 'no' | 'yes';
}

type Listeners = Map<WatchListener, number>;
let sessions = 0;

/**
 * A client of the model: requests and answers travel in order, for times drawn by chance; a cut loses those under way.
 * What a cut does to reads and writes is what the real client makes of it. Time is that of jest's fake timers.
 */
export class ModelClient {
  readonly id: number;
  readonly sessionTimeoutMs = SESSION_MS;
  readonly #service: ModelService;
  readonly #random: Random;
  readonly #changes = new Set<(change: SessionChange) => void>();
  readonly #listeners: Record<WatchKind, Map<string, Listeners>> = {
    data: new Map(),
    children: new Map(),
    absent: new Map(),
  };
  state: SessionState = 'connected';
  /** Requests under way, or that wait for a connection. */
  #sent: Sent[] = [];
  /** Of which connection something is: what belongs to an earlier one is lost. */
  #connection = 1;
  #toServerAt = 0;
  #toClientAt = 0;
  #touchedAt = Date.now();
  #expiry: NodeJS.Timeout | undefined;
  #session: 'lives' | 'expired' = 'lives';

  constructor(service: ModelService, random: Random) {
    sessions += 1;
    this.id = sessions;
    this.#service = service;
    this.#random = random;
  }

  get sessionId(): string {
    return String(this.id);
  }

  /** Pings keep it a third of the time-out behind at most. */
  get sessionDeadline(): number {
    if (this.state === 'connected') this.#touchedAt = Math.max(this.#touchedAt, Date.now() - SESSION_MS / 3);
    return this.#touchedAt + SESSION_MS;
  }

  /** Listeners that still wait for something. */
  get listening(): number {
    return Object.values(this.#listeners).reduce((sum, paths) => sum + paths.size, 0);
  }

  get coordination(): Coordination {
    return this as unknown as Coordination;
  }

  /** Loses the connection. The servers end the session when it is not back in time. */
  cut(): void {
    if (this.state !== 'connected') return;
    this.sessionDeadline;
    this.#connection += 1;
    this.#service.forget(this);
    const lost = this.#sent.filter(({ settled }) => settled === 'no');
    this.#sent = lost.filter(({ kind }) => kind === 'read');
    this.#move('suspended');
    for (const { kind, reject } of lost) if (kind === 'write') reject(loss());
    this.#expiry = setTimeout(() => {
      this.#session = 'expired';
      this.#service.expire(this.id);
    }, SESSION_MS);
  }

  /** Reaches a server again. */
  reconnect(): void {
    if (this.state !== 'suspended') return;
    clearTimeout(this.#expiry);
    if (this.#session === 'expired') return this.#end('expired');
    this.#touchedAt = Date.now();
    this.#rearm();
    this.#move('connected');
    const again = this.#sent;
    this.#sent = [];
    for (const each of again) this.#transmit(each);
  }

  close(): void {
    if (isFinal(this.state)) return;
    clearTimeout(this.#expiry);
    this.#service.forget(this);
    this.#service.expire(this.id);
    this.#end('closed');
  }

  onSession(listener: (change: SessionChange) => void): () => void {
    this.#changes.add(listener);
    return () => this.#changes.delete(listener);
  }

  /** The service tells of an event. */
  notify(event: WatchedEvent, kinds: readonly WatchKind[]): void {
    this.#deliver(() => {
      for (const kind of kinds) {
        const listeners = this.#listeners[kind].get(event.path);
        this.#listeners[kind].delete(event.path);
        for (const listener of listeners?.keys() ?? []) listener(event);
      }
    });
  }

  create(path: string, data: Uint8Array | null, options: { mode?: string; signal?: AbortSignal } = {}) {
    const { mode = 'persistent', signal } = options;
    const perform = () => this.#service.create(path, data ?? Buffer.alloc(0), { mode, owner: this.id });
    return this.#request('write', perform, { signal });
  }

  delete(path: string) {
    return this.#request('write', () => this.#service.delete(path));
  }

  setData(path: string, data: Uint8Array) {
    return this.#request('write', () => this.#service.setData(path, data));
  }

  multi(parts: readonly TransactionPart[], { signal }: { signal?: AbortSignal } = {}) {
    const perform = () => {
      const [check, own] = parts;
      if (check?.op !== 'check' || own?.op !== 'create') throw refusal('no_node');
      this.#service.getData(check.path);
      this.#service.create(own.path, own.data ?? Buffer.alloc(0), { mode: own.mode ?? '', owner: this.id });
    };
    return this.#request('write', perform, { signal });
  }

  sync() {
    return this.#request('read', () => undefined);
  }

  getData(path: string, { watch }: { watch?: WatchListener } = {}) {
    return this.#watched('data', path, watch, () => this.#service.getData(path));
  }

  getChildren(path: string, { watch }: { watch?: WatchListener } = {}) {
    return this.#watched('children', path, watch, () => this.#service.getChildren(path));
  }

  exists(path: string, { watch }: { watch?: WatchListener } = {}) {
    const kind = () => (this.#service.exists(path) === undefined ? 'absent' : 'data');
    return this.#watched(kind, path, watch, () => this.#service.exists(path));
  }

  async unwatch(path: string, listener: WatchListener): Promise<void> {
    let had = false;
    for (const paths of Object.values(this.#listeners)) {
      const listeners = paths.get(path);
      had = listeners?.delete(listener) === true || had;
      if (listeners?.size === 0) paths.delete(path);
    }
    const isHeard = Object.values(this.#listeners).some((paths) => paths.has(path));
    if (!had || isHeard || isFinal(this.state)) return;
    await this.#request('read', () => {
      if (!Object.values(this.#listeners).some((paths) => paths.has(path))) this.#service.disarm(this, path);
    });
  }

  #watched<T>(
    armed: WatchKind | (() => WatchKind),
    path: string,
    listener: WatchListener | undefined,
    read: () => T,
  ): Promise<T> {
    if (listener === undefined) return this.#request('read', read);
    let kind: WatchKind = 'data';
    let zxid = 0;
    const perform = () => {
      const answer = read();
      kind = typeof armed === 'string' ? armed : armed();
      zxid = this.#service.zxid;
      this.#service.arm(this, kind, path);
      return answer;
    };
    const answered = (error: unknown) => {
      if (error !== undefined) return;
      const paths = this.#listeners[kind];
      paths.set(path, (paths.get(path) ?? new Map()).set(listener, zxid));
    };
    return this.#request('read', perform, { answered });
  }

  #request<T>(
    kind: Sent['kind'],
    perform: () => T,
    { signal, answered = () => undefined }: { signal?: AbortSignal | undefined; answered?: Sent['answered'] } = {},
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (isFinal(this.state)) return reject(over());
      const sent: Sent = { kind, perform, answered, resolve, reject, settled: 'no' };
      const abort = () => {
        sent.settled = 'yes';
        reject(new ClientError({ code: 'aborted', outcome: 'unknown' }, 'aborted'));
      };
      if (signal?.aborted === true) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      if (this.state === 'connected') this.#transmit(sent);
      else this.#sent.push(sent);
    });
  }

  #transmit(sent: Sent): void {
    if (sent.settled === 'yes') return;
    const connection = this.#connection;
    const sentAt = Date.now();
    this.#sent.push(sent);
    this.#toServerAt = this.#later(this.#toServerAt);
    setTimeout(() => {
      if (connection !== this.#connection) return;
      const { value, error } = outcomeOf(sent.perform);
      this.#deliver(() => this.#answer(sent, { value, error, sentAt }));
    }, this.#toServerAt - Date.now());
  }

  #answer(sent: Sent, { value, error, sentAt }: { value: unknown; error: unknown; sentAt: number }): void {
    this.#sent.splice(this.#sent.indexOf(sent), 1);
    this.#touchedAt = Math.max(this.#touchedAt, sentAt);
    if (sent.settled === 'yes') return;
    sent.settled = 'yes';
    sent.answered(error);
    if (error === undefined) sent.resolve(value as never);
    else sent.reject(error);
  }

  #deliver(deliver: () => void): void {
    const connection = this.#connection;
    this.#toClientAt = this.#later(this.#toClientAt);
    setTimeout(() => {
      if (connection === this.#connection && !isFinal(this.state)) deliver();
    }, this.#toClientAt - Date.now());
  }

  /** Some time from now, and not before what was sent earlier. A millisecond apart: events wait for microtasks. */
  #later(earlier: number): number {
    return Math.max(earlier + 1, Date.now() + 1 + Math.floor(this.#random() * LATENCY_MS_MAX));
  }

  /** Arms again what is waited for, and is told at once what has happened meanwhile. */
  #rearm(): void {
    for (const kind of ['data', 'children', 'absent'] as const) {
      for (const [path, listeners] of this.#listeners[kind]) {
        const type = this.#missed(kind, path, Math.min(...listeners.values()));
        if (type === undefined) this.#service.arm(this, kind, path);
        else this.notify({ type, path, zxid: -1 }, [kind]);
      }
    }
  }

  #missed(kind: WatchKind, path: string, since: number): WatchedEvent['type'] | undefined {
    const stat = this.#service.exists(path) as { mzxid: number; pzxid: number } | undefined;
    if (kind === 'absent') return stat === undefined ? undefined : 'created';
    if (stat === undefined) return 'deleted';
    if (kind === 'data') return stat.mzxid > since ? 'data_changed' : undefined;
    return stat.pzxid > since ? 'children_changed' : undefined;
  }

  #end(state: 'expired' | 'closed'): void {
    const lost = this.#sent.filter(({ settled }) => settled === 'no');
    this.#sent = [];
    this.#connection += 1;
    for (const paths of Object.values(this.#listeners)) paths.clear();
    for (const { reject } of lost) reject(over());
    this.#move(state);
  }

  #move(to: SessionState): void {
    const from = this.state;
    this.state = to;
    for (const listener of [...this.#changes]) listener({ from, to });
  }
}

function outcomeOf(perform: () => unknown): { value?: unknown; error?: unknown } {
  try {
    return { value: perform() };
  } catch (error) {
    return { error };
  }
}

function loss(): ClientError {
  return new ClientError({ code: 'connection_loss', outcome: 'unknown' }, 'lost');
}

function over(): ClientError {
  return new ClientError({ code: 'session_expired', outcome: 'failed' }, 'over');
}
