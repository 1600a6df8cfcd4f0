import type { Reader, Writer } from '@reeve/wire';
import type { MemberId, Membership } from './membership.ts';

/** Where an entry came from: the member that forwarded it, and that member's number for the request. */
export interface Origin {
  readonly member: MemberId;
  readonly request: number;
}

/** An entry: opaque to Zab. */
export interface Entry {
  readonly zxid: number;
  readonly payload: Buffer;
}

/** A snapshot that can be taken while entries are committed, in slices; each is there until the next is asked for. */
export interface SnapshotSource {
  /** Everything up to and including this zxid is in it; later entries may be, and are committed over it again. */
  readonly zxid: number;
  readonly slices: Iterable<Buffer>;
  /** The last zxid that may have left a trace in the slices; asked when the last one has been taken. */
  lastZxidSeen(): number;
}

/**
 * The state machine that agreement serves: the replica. Zab calls it from within `step`, never otherwise. What is
 * called while a member leads or follows is in the order of zxids.
 */
export interface ZabHost {
  /**
   * Everything this member proposed itself, up to and including `zxid`, is agreed on: a quorum has it on disk, this
   * member perhaps not yet. Called on the leader for what it proposed since `leads`.
   */
  agreed(zxid: number): void;
  /**
   * An entry is agreed on: a quorum has it on disk, this member perhaps not yet. Called on learners, and on a new leader
   * for what it had in its log and not committed yet. The payload is there during the call only; `request` is this member's own number for
   * it, where it asked for it.
   */
  committed(zxid: number, payload: Reader, request: number | undefined): void;
  /** This member leads `epoch`: a quorum has followed it there. From now on it may propose. */
  leads(epoch: number): void;
  /** This member follows or observes `leader` and has caught up with it: from now on it may serve clients. */
  follows(leader: MemberId): void;
  /** This member neither leads nor follows any more: what is outstanding has no certain fate. */
  looks(): void;
  /** A learner that was caught up, or was about to be, is gone: nothing that it asked for can be answered. */
  parted(learner: MemberId): void;
  /**
   * Something that was put into `carry` at the other end. The reader is good during the call only.
   *
   * @throws WireError when it is not understood: the link is closed then
   */
  carried(from: MemberId, reader: Reader): void;
  /** A quorum still followed this leader after `confirm` was called with this token. */
  confirmed(token: number): void;
  /** What all members share and no entry holds: a new leader's is everybody's. Written at the start of following. */
  writeShared(writer: Writer): void;
  /** Takes what the leader shares; it is to be on disk before anything that this step sends. */
  readShared(reader: Reader): void;
  /** Begins a snapshot of what is committed, for a learner or for this member's own disk. */
  snapshot(): SnapshotSource;
  /** Forgets everything; slices of a snapshot follow, and then `restored`. */
  restore(): void;
  restoreSlice(slice: Buffer): void;
  restored(): void;
  /** Other members belong to the ensemble from now on. */
  reconfigured(membership: Membership): void;
}
