import type { ConnectionStatus, ReplicaStatus } from '@reeve/replica';
import type { CoordinatorConfig } from './config.ts';
import type { Conversation } from './conversation.ts';
import type { Ports } from './listener.ts';
import type { LinkFacts } from './peers/link-traffic.ts';
import type { StorageStatistics } from './storage-statistics.ts';
import type { Totals } from './traffic.ts';

/** A connection, for those who list them. */
export interface ConnectionFacts {
  readonly address: string;
  readonly port: number;
  readonly transport: 'plain' | 'tls';
  /** When it was made, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly conversation: Conversation;
  /** What the replica knows of it; nothing before its first frame. */
  readonly status: ConnectionStatus | undefined;
}

/** ZooKeeper's trace mask: it can be set and asked for, and nothing depends on it. */
export interface TraceMask {
  value: number;
}

/** Everything that is known of a running coordinator, at one moment. */
export interface CoordinatorFacts {
  readonly config: CoordinatorConfig;
  readonly ports: Ports;
  readonly nowMs: number;
  readonly uptimeMs: number;
  readonly totals: Totals;
  readonly storage: StorageStatistics;
  readonly status: ReplicaStatus;
  readonly connections: readonly ConnectionFacts[];
  /** To other members. */
  readonly links: readonly LinkFacts[];
  /** Log bytes on their way to the disk. */
  readonly backlogBytes: number;
  readonly trace: TraceMask;
}
