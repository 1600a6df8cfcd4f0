import { CodedError } from '@reeve/base';
import { int, long, record, sessionId } from '@reeve/wire';
import { lifetimeCodec } from './txn.ts';

/** Why a snapshot cannot be loaded. */
export interface SnapshotFacts {
  readonly code: 'snapshot_malformed';
  readonly what: string;
}

/** A snapshot that is not one, is of another format, or lacks its end. */
export class SnapshotError extends CodedError<SnapshotFacts> {
  constructor(what: string) {
    super({ code: 'snapshot_malformed', what }, `the snapshot cannot be loaded: ${what}`);
  }
}

/** The tree was emptied while a snapshot of it was being taken. */
export class SnapshotOvertakenError extends CodedError<{ readonly code: 'snapshot_overtaken' }> {
  constructor() {
    super({ code: 'snapshot_overtaken' }, 'the tree was replaced by another while a snapshot of it was being taken');
  }
}

/** The second word of a snapshot. Another number is another layout. */
export const FORMAT = 2;
/** What a record in a slice is about. */
export const records = { head: 0x52765301, session: 1, acl: 2, znode: 3, end: 4 } as const;

export const sessionRecord = record({ id: sessionId, timeoutMs: int });
/** What is said of each znode; its name and its data follow, as jute buffers. */
export const znodeRecord = record({
  id: int,
  /** The id of its parent, in this snapshot; 0 for the root. */
  parentId: int,
  /** The position of its access list among those of the snapshot. */
  acl: int,
  lifetime: lifetimeCodec,
  owner: sessionId,
  ttlMs: long,
  czxid: long,
  ctimeMs: long,
  mzxid: long,
  mtimeMs: long,
  pzxid: long,
  version: int,
  aversion: int,
  creates: int,
});
export const endRecord = record({ sessions: int, acls: int, znodes: int });
