import type { Writer } from '@reeve/wire';
import type { LinkId } from './event.ts';
import type { Entry, SnapshotSource } from './host.ts';
import type { MemberId } from './membership.ts';
import type { Notification } from './notification.ts';

/** The two numbers by which a member keeps its word across restarts. */
export interface Epochs {
  /** The last epoch to whose leader this member has promised to follow nobody of an earlier one. */
  readonly acceptedEpoch: number;
  /** The last epoch with whose leader its history was in agreement. */
  readonly currentEpoch: number;
}

/** A snapshot on its way to a learner. */
export interface OutgoingSnapshot {
  /** How many bytes of the link's messages in this outbox go before it; all later ones go after it. */
  readonly after: number;
  readonly source: SnapshotSource;
}

/** What is worth a line in the log: elections and who follows whom, told so that each can be understood afterwards. */
export interface ZabNote {
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

/**
 * What agreement wants done after the steps of one turn. To be performed in the order of the fields:
 *
 * 1. `epochs` are on disk before anything else is done.
 * 2. `truncate`: the log is cut after this zxid; `truncated` is stepped when that is on disk. No entries come before.
 * 3. `install`: the snapshot replaces everything on disk; `installed` is stepped when it has. No entries come before.
 * 4. `entries` go to the journal, in order; `persisted` is stepped when they are on disk.
 * 5. `messages` go to their links, one write each, and `snapshots` between them.
 * 6. `notifications` go to their members, if they can be reached now; a later one replaces an earlier one.
 * 7. `closing` links are closed after their last bytes.
 * 8. `dial`: this member is to be tried until it is reached (`link_opened`), or another or nobody is named here.
 * 9. `restart`: this member can go on only when it is made anew from what is on its disk; it answers nothing any more.
 */
export interface ZabOutbox {
  epochs: Epochs | undefined;
  truncate: number | undefined;
  install: SnapshotSource | undefined;
  readonly entries: Entry[];
  readonly messages: Map<LinkId, Writer>;
  readonly snapshots: Map<LinkId, OutgoingSnapshot>;
  readonly notifications: Map<MemberId, Notification>;
  readonly closing: LinkId[];
  dial: { readonly leader: MemberId | undefined } | undefined;
  restart: 'needed' | undefined;
  readonly notes: ZabNote[];
  /** The buffer of a link in this turn: one of `messages`, begun when there is none. */
  writer(link: LinkId): Writer;
}
