import type { Tree, Watches } from '@reeve/tree';
import type { SessionId } from '@reeve/wire';
import type { ZabStatus } from '@reeve/zab';
import type { Connections } from './connections.ts';
import type { ConnectionId, JournalFault } from './event.ts';
import type { Session, Sessions } from './sessions.ts';

/** What a member says of one connection. */
export interface ConnectionStatus {
  readonly id: ConnectionId;
  readonly address: string;
  /** None before the end of the handshake. */
  readonly session: SessionId;
  readonly sessionTimeoutMs: number;
  /** Frames taken from it. */
  readonly received: number;
  /** Answers and notifications written to it. */
  readonly sent: number;
  /** Requests not answered yet. */
  readonly waiting: number;
}

/** What a member says of itself: the facts behind the four-letter words and metrics. */
export interface ReplicaStatus {
  /**
   * `standalone`, or `read-only` while the journal takes nothing; of one member of several its place in the ensemble,
   * `looking` while it has none, or `read-only` when it can be read even then.
   */
  readonly mode: 'standalone' | 'read-only' | 'leader' | 'follower' | 'observer' | 'looking';
  readonly zab: ZabStatus;
  readonly fault: JournalFault | undefined;
  /** The last transaction applied. */
  readonly lastZxid: number;
  /** Writes proposed and not committed. */
  readonly outstanding: number;
  /** Znodes that those writes will change. */
  readonly pendingZnodes: number;
  readonly znodes: number;
  readonly ephemerals: number;
  /** Bytes of paths and data. */
  readonly approximateDataBytes: number;
  readonly sessions: number;
  /** The clock of `Session.lastHeardMs`, milliseconds. */
  readonly clockMs: number;
  readonly connections: number;
  readonly watches: ReturnType<Watches['count']>;
  /** One by one, made as they are asked for. */
  eachConnection(): Iterable<ConnectionStatus>;
  eachSession(): Iterable<Session>;
  /** The sessions that own ephemerals, with their paths. */
  eachOwner(): Iterable<[SessionId, readonly string[]]>;
  /** The watched paths, with the sessions that watch them. */
  eachWatch(): Iterable<[path: string, sessions: readonly SessionId[]]>;
}

/** The parts of a replica that its status is about. */
export interface StatusParts {
  readonly tree: Tree;
  readonly watches: Watches;
  readonly connections: Connections;
  readonly sessions: Sessions;
  readonly outstanding: number;
  readonly pendingZnodes: number;
  readonly fault: JournalFault | undefined;
  readonly zab: ZabStatus;
  /** `reading` where clients may do nothing else. */
  readonly service: 'reading' | 'any';
}

/** The status of a replica made of these parts. */
export function statusOf(parts: StatusParts): ReplicaStatus {
  const { tree, watches, connections, sessions, outstanding, pendingZnodes, fault, zab, service } = parts;
  return {
    mode: service === 'reading' ? 'read-only' : modeOf(zab, fault),
    zab,
    fault,
    lastZxid: tree.lastZxid,
    outstanding,
    pendingZnodes,
    znodes: tree.size,
    ephemerals: tree.ephemerals,
    approximateDataBytes: tree.approximateDataBytes,
    sessions: sessions.size,
    clockMs: sessions.elapsedMs,
    connections: connections.size,
    watches: watches.count(),
    eachConnection: () => eachConnection(connections),
    eachSession: () => sessions.values(),
    eachOwner: () => eachOwner(tree),
    eachWatch: () => eachWatch(parts),
  };
}

const modes = {
  leading: 'leader',
  following: 'follower',
  observing: 'observer',
  looking: 'looking',
  failed: 'looking',
} as const;

function modeOf({ role, phase }: ZabStatus, fault: JournalFault | undefined): ReplicaStatus['mode'] {
  if (role === 'alone') return fault === undefined ? 'standalone' : 'read-only';
  return phase === 'serving' ? modes[role] : 'looking';
}

function* eachConnection(connections: Connections): Generator<ConnectionStatus> {
  for (const { id, address, session, standing, received, sent, waiting } of connections.values()) {
    const sessionTimeoutMs = standing?.timeoutMs ?? 0;
    yield { id, address, session, sessionTimeoutMs, received, sent, waiting: waiting.length };
  }
}

function* eachOwner(tree: Tree): Generator<[SessionId, readonly string[]]> {
  if (!tree.isWhole) return;
  for (const session of tree.owners()) yield [session, [...tree.ephemeralsOf(session)]];
}

function* eachWatch({ watches, connections }: StatusParts): Generator<[string, readonly SessionId[]]> {
  for (const [path, watchers] of watches.entries()) {
    yield [path, [...watchers].flatMap((watcher) => connections.get(watcher)?.session ?? [])];
  }
}
