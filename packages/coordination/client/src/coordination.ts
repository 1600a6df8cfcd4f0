import type { Acl, AddWatchMode, CreateMode, SessionId, Stat, WatchEventType, WatcherType } from '@reeve/wire';
import type { SessionState } from './session-state.ts';

export type { Acl, AddWatchMode, CreateMode, SessionId, Stat, WatchEventType, WatcherType } from '@reeve/wire';

/** Options of every request. */
export interface RequestOptions {
  /** Gives up waiting when it fires; a request that was sent may still take effect (`outcome: 'unknown'`). */
  readonly signal?: AbortSignal;
  /** Milliseconds until the request fails with `deadline_exceeded`; the client's `requestTimeoutMs` unless given. */
  readonly timeoutMs?: number;
}

/** Options of the reads that can arm a one-shot watch. */
export interface WatchOptions extends RequestOptions {
  /** Called once, at the next change of what was read; never when the session ends first. */
  readonly watch?: WatchListener;
}

/** Options of `create`. */
export interface CreateOptions extends RequestOptions {
  /** `persistent` unless given. */
  readonly mode?: CreateMode;
  /** `openAcl` unless given. */
  readonly acl?: readonly Acl[];
  /** Time to live in milliseconds, for the modes with TTL. */
  readonly ttlMs?: number;
}

/** Options of the writes that can expect a version. */
export interface VersionOptions extends RequestOptions {
  /** The expected version; any unless given. */
  readonly version?: number;
}

/** What a znode holds. `data` is null where the znode was created with null data. */
export interface Znode {
  readonly data: Buffer | null;
  readonly stat: Stat;
}

/** One write of a transaction. */
export type TransactionPart =
  | {
      readonly op: 'create';
      readonly path: string;
      readonly data?: Uint8Array | null;
      readonly mode?: CreateMode;
      readonly acl?: readonly Acl[];
      readonly ttlMs?: number;
    }
  | { readonly op: 'delete'; readonly path: string; readonly version?: number }
  | { readonly op: 'setData'; readonly path: string; readonly data: Uint8Array | null; readonly version?: number }
  | { readonly op: 'check'; readonly path: string; readonly version?: number };

/** What one part of a committed transaction answered: the created path, or the new stat where the protocol has it. */
export interface TransactionResult {
  readonly path?: string;
  readonly stat?: Stat;
}

/** One read of a batch. */
export interface ReadPart {
  readonly op: 'getData' | 'getChildren';
  readonly path: string;
}

/** What one read of a batch answered; a failed one does not fail the others. */
export type ReadResult =
  | { readonly ok: true; readonly data: Buffer | null; readonly stat: Stat }
  | { readonly ok: true; readonly children: readonly string[] }
  | { readonly ok: false; readonly code: string };

/** One event of a watch. */
export interface WatchedEvent {
  readonly type: WatchEventType;
  readonly path: string;
  /**
   * The zxid of the change, where the server tells it (ZooKeeper 3.9, Reeve): -1 otherwise.
   */
  readonly zxid: number;
}

/**
 * A persistent watch that is armed until `close` is called or its session ends; re-armed by the client after every
 * reconnect. Ends (the iteration finishes) with the session, after an `onLost`.
 */
export interface Watch extends AsyncIterable<WatchedEvent> {
  close(): Promise<void>;
}

/** Receives the events of a watch in the order of the server, before any reply that shows newer data. */
export type WatchListener = (event: WatchedEvent) => void;

/** A change of the session's state. */
export interface SessionChange {
  readonly from: SessionState;
  readonly to: SessionState;
}

/**
 * What recipes and the platform need of a ZooKeeper-protocol service: the client's public face, and the only thing
 * they may be built on. Every method rejects with a `ClientError`.
 */
export interface Coordination {
  readonly state: SessionState;
  /** The session's id; none before the first connection. */
  readonly sessionId: SessionId;
  /** The session time-out that the server granted, milliseconds. */
  readonly sessionTimeoutMs: number;
  /**
   * When the session may, at the earliest, have expired at the server, as far as this client knows (its clock,
   * milliseconds since the epoch): the send time of the last answered request plus the time-out. An owner of a lease
   * must stop its work *before* this moment unless it moves on.
   */
  readonly sessionDeadline: number;

  /** Creates a znode and says its path, with the sequence suffix where there is one. */
  create(path: string, data: Uint8Array | null, options?: CreateOptions): Promise<string>;
  delete(path: string, options?: VersionOptions): Promise<void>;
  /** The stat of a znode, or undefined where there is none. */
  exists(path: string, options?: WatchOptions): Promise<Stat | undefined>;
  getData(path: string, options?: WatchOptions): Promise<Znode>;
  setData(path: string, data: Uint8Array | null, options?: VersionOptions): Promise<Stat>;
  getChildren(path: string, options?: WatchOptions): Promise<readonly string[]>;
  getAcl(path: string, options?: RequestOptions): Promise<{ readonly acl: readonly Acl[]; readonly stat: Stat }>;
  setAcl(path: string, acl: readonly Acl[], options?: VersionOptions): Promise<Stat>;
  /** Waits until this server has caught up with every write that was acknowledged before. */
  sync(path: string, options?: RequestOptions): Promise<void>;
  /**
   * Writes all parts or none. Rejects with the code of the part that failed and its position (`facts.failedPart`).
   */
  multi(parts: readonly TransactionPart[], options?: RequestOptions): Promise<readonly TransactionResult[]>;
  /** Reads many znodes in one request. */
  multiRead(parts: readonly ReadPart[], options?: RequestOptions): Promise<readonly ReadResult[]>;
  /** Arms a persistent watch; `listener` is called for each event, in order. Resolves when the server has it. */
  watch(path: string, mode: AddWatchMode, listener: WatchListener, options?: RequestOptions): Promise<Watch>;
  /** Disarms the watches of a path. */
  removeWatches(path: string, type: WatcherType, options?: RequestOptions): Promise<void>;
  /**
   * Takes a one-shot watch back: its listener is not called any more, and the server forgets what nobody else of this
   * client waits for. Without effect where it has fired already.
   */
  unwatch(path: string, listener: WatchListener, options?: RequestOptions): Promise<void>;
  getEphemerals(prefix: string, options?: RequestOptions): Promise<readonly string[]>;
  getAllChildrenNumber(path: string, options?: RequestOptions): Promise<number>;
  /** Adds an identity to the session; sent again after each reconnect. */
  addAuth(scheme: string, auth: Uint8Array, options?: RequestOptions): Promise<void>;
  /** Calls `listener` at every change of state until the returned function is called. */
  onSession(listener: (change: SessionChange) => void): () => void;
  /**
   * Closes the session: its ephemerals go at once, or with the session time-out when no server is in touch. Takes two
   * seconds at most. Idempotent.
   */
  close(): Promise<void>;
}
