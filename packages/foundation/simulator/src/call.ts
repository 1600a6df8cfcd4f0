import type { OpName, SessionId } from '@reeve/wire';

/** What somebody asked, and what came of it. Times are positions in the order of everything that happened. */
export interface Call {
  readonly client: string;
  readonly session: SessionId;
  readonly xid: number;
  readonly op: OpName;
  readonly path: string;
  readonly askedAt: number;
  /** Of a read behind a sync on the same connection: when that sync was asked for. */
  readonly syncedAt: number | undefined;
  /** Not there while, or if, nobody knows. */
  answer: Answer | undefined;
}

/** An answer as it came. */
interface Answer {
  readonly at: number;
  readonly zxid: number;
  /** `ok` or the name of the error. */
  readonly error: string;
  readonly body: unknown;
}

/** What a client heard of a session: that it is over. */
export interface Goodbye {
  readonly session: SessionId;
  readonly at: number;
  readonly atMs: number;
}

/** A watch that was armed by a read, and whether it fired, on one connection. */
export interface ArmedWatch {
  readonly path: string;
  /** The state that the read showed. */
  readonly armedZxid: number;
  firedZxid: number | undefined;
  /** The last answer that came on the connection while it had not fired. */
  lastZxidUnfired: number;
}
