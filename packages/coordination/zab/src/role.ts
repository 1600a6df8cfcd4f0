import type { Reader } from '@reeve/wire';
import type { LinkId } from './event.ts';
import type { MemberId } from './membership.ts';
import type { Message } from './message.ts';
import type { Notification, Vote } from './notification.ts';
import type { LearnerStatus, ZabStatus } from './status.ts';

/** What came of an election, or stands so far. */
export interface Election {
  readonly vote: Vote;
  readonly round: number;
}

/** A link that came while this member had not decided yet whether it leads. */
export interface EarlyLink {
  readonly link: LinkId;
  readonly peer: MemberId;
  readonly sinceMs: number;
  join: Extract<Message, { kind: 'join' }> | undefined;
}

/** Why a member can take no part: its journal refuses, its disk is silent, or it must be loaded from its disk again. */
export type Failure = 'journal_failed' | 'disk_silent' | 'reload_needed';

/** What a member becomes next, and why. */
export type Transition =
  | { readonly to: 'looking'; readonly why: string }
  | { readonly to: 'leading'; readonly election: Election; readonly early: readonly EarlyLink[] }
  | { readonly to: 'learning'; readonly election: Election }
  | { readonly to: 'failed'; readonly failure: Failure; readonly why: string };

/** A link that is there now. */
export interface OpenedLink {
  readonly link: LinkId;
  readonly peer: MemberId;
  readonly origin: 'dialled' | 'accepted';
}

/** A message and where it came from; the reader is behind what was read of it. */
export interface Received {
  readonly link: LinkId;
  readonly message: Message;
  readonly reader: Reader;
}

/** What a role tells of itself. */
export interface RoleStatus {
  readonly role: ZabStatus['role'];
  readonly phase: ZabStatus['phase'];
  readonly leader: MemberId | undefined;
  readonly learners: readonly LearnerStatus[];
}

/**
 * One role of a member. It answers to what happens while the member has it; `begin` and `end` are its first and last
 * calls. What all roles do alike is done before they are asked.
 */
export interface Role {
  /** When it wants to be stepped, by the member's clock. */
  readonly wakeAtMs: number | undefined;
  /** The link on which messages of the host to this member go; undefined when there is none. */
  linkTo(member: MemberId): LinkId | undefined;
  begin(): void;
  end(): void;
  notified(notification: Notification): void;
  opened(link: OpenedLink): void;
  received(received: Received): void;
  closed(link: LinkId): void;
  /** The disk holds more, or something else, than before: the history knows what. */
  advanced(): void;
  timer(): void;
  status(): RoleStatus;
}
