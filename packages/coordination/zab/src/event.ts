import type { MemberId } from './membership.ts';
import type { Notification } from './notification.ts';

/** A stream between a learner and its leader: numbered by the server, never reused while the process lives. */
export type LinkId = number;

/** What may happen to a member's agreement. All it ever learns comes through `step`, time included. */
export type ZabEvent =
  /** A member said how it votes. Such messages may be lost, doubled or overtaken: only the latest matters. */
  | { readonly kind: 'notified'; readonly notification: Notification }
  /**
   * A stream to another member is there, and it is proved who is at its other end: `dialled` by this member, because
   * the outbox asked for it, or `accepted`, from a member that wants to follow.
   */
  | {
      readonly kind: 'link_opened';
      readonly link: LinkId;
      readonly peer: MemberId;
      readonly origin: 'dialled' | 'accepted';
    }
  /** One whole message came over a stream, `bytes[start, end)`, in the order in which it was sent: nobody writes to it again. */
  | {
      readonly kind: 'message';
      readonly link: LinkId;
      readonly bytes: Buffer;
      readonly start: number;
      readonly end: number;
    }
  /** A stream is gone, whoever closed it; nothing more comes over it. */
  | { readonly kind: 'link_closed'; readonly link: LinkId }
  /** Every entry up to and including `zxid` is on this member's disk. */
  | { readonly kind: 'persisted'; readonly zxid: number }
  /** The log ends where the outbox asked for it to be cut. */
  | { readonly kind: 'truncated' }
  /** The snapshot that the outbox asked for is on disk, and nothing else is. */
  | { readonly kind: 'installed' }
  /** The journal takes nothing: the member can promise nothing, and leaves. What is after the last `persisted` is gone. */
  | { readonly kind: 'journal_failed' }
  | { readonly kind: 'journal_recovered' }
  /** Time passed: at least as often as `wakeInMs` asks for. */
  | { readonly kind: 'timer' };
