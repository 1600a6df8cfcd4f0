import type { ConnectRequest, RequestOf } from '@reeve/wire';
import type { Connection, Question } from './connection.ts';

/** A frame that a client sent, in which its request stands: `bytes[start, end)`. */
export interface Frame {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/**
 * How what clients want gets into the order of the ensemble: by a leader's own proposal (`Leading`) or by way of it
 * (`Following`); or not at all, by one that can only be read (`ReadOnly`). Otherwise a member has no course, and no clients.
 */
export interface Course {
  /** Opens a session for a connection. */
  open(connection: Connection, request: ConnectRequest, timeoutMs: number): void;
  /** Gives a connection the session that it had before. */
  reopen(connection: Connection, request: ConnectRequest, timeoutMs: number): void;
  write(connection: Connection, asked: Pick<Question, 'xid' | 'op' | 'request'>, frame: Frame): void;
  sync(connection: Connection, xid: number, request: RequestOf<'sync'>): void;
  /** Ends the session of a connection that asked for it. */
  close(connection: Connection, xid: number): void;
  /** Time passed. */
  tick(): void;
}
