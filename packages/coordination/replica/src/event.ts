import type { ZabEvent } from '@reeve/zab';

/** A client connection's number: given by the server, never reused while the process lives. */
export type ConnectionId = number;

/** Why the journal can take no more entries. */
export interface JournalFault {
  readonly code: 'disk_full' | 'disk_failed';
  /** What the disk said, for the log. */
  readonly reason: string;
}

/**
 * What may happen to a replica. Everything it ever learns comes through `step`, time included, so that the same
 * events give the same answers in production and in the simulator.
 */
export type ReplicaEvent =
  /** A client connected; `address` is its IP address, for ACLs of scheme `ip`. */
  | {
      readonly kind: 'opened';
      readonly connection: ConnectionId;
      readonly address: string;
      /** Subject of the certificate that the client proved to own; left out without TLS. */
      readonly x509?: string;
    }
  /** A client sent one whole frame, `bytes[start, end)`, which nobody writes to again. */
  | {
      readonly kind: 'frame';
      readonly connection: ConnectionId;
      readonly bytes: Buffer;
      readonly start: number;
      readonly end: number;
    }
  /** The same, of a frame that waited longer than requests may: it is refused where ZooKeeper refuses it. */
  | {
      readonly kind: 'late_frame';
      readonly connection: ConnectionId;
      readonly bytes: Buffer;
      readonly start: number;
      readonly end: number;
    }
  /** A connection among the outbox's `stalled` can be given more of its answers. */
  | { readonly kind: 'resumed'; readonly connection: ConnectionId }
  /** A connection is gone, whoever closed it. The session lives on until it expires or is closed. */
  | { readonly kind: 'closed'; readonly connection: ConnectionId }
  /** Something happened between members; what concerns the journal has its own events here. */
  | {
      readonly kind: 'zab';
      readonly event: Exclude<ZabEvent, { kind: 'persisted' | 'journal_failed' | 'journal_recovered' }>;
    }
  /** Every entry up to and including `zxid` is on disk. */
  | { readonly kind: 'persisted'; readonly zxid: number }
  /**
   * The journal refused. Whether the entries after the last `persisted` are on disk is not known: the connections that
   * wait for them are closed, and writes are refused until the journal has recovered (docs/adr/0014).
   */
  | { readonly kind: 'journal_failed'; readonly fault: JournalFault }
  /** The journal takes entries again, and holds nothing any more beyond the last `persisted`. */
  | { readonly kind: 'journal_recovered' }
  /**
   * Time passed; sent at least twice a tick, even when nothing else happens, and after the frames of the same turn.
   * Expires sessions. The clock by which they expire moves by at most one tick from one step to the next.
   */
  | { readonly kind: 'tick' };
