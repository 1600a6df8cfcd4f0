import type { Znode } from '@reeve/client';

/**
 * `listing`: the picture is being made, or corrected after a lost connection; `ready`: it follows the service; `stale`:
 * the connection is lost, so changes are missed; `lost`: the session is over, or the service refuses to show what is
 * followed; `stopped`: by its owner. The last two are final.
 */
export type MirrorState = 'idle' | 'listing' | 'ready' | 'stale' | 'lost' | 'stopped';

/** How it stands with a mirror. */
export type MirrorTurn =
  /** The picture is right: for the first time, or again. */
  | { readonly kind: 'ready' }
  /** The connection is lost. What is missed meanwhile is told before the next `ready`. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'lost'; readonly cause: unknown };

/** Whether a mirror keeps the data of what it follows, or names alone. */
export type DataChoice = 'kept' | 'ignored';

/** What a mirror shows of a znode: data and stat, as they were when the data was set last; nothing without data. */
export type Shown<D extends DataChoice> = D extends 'kept' ? Znode : undefined;

/** What a mirror tells, in the order of the service. A parent is created before its children, and deleted after them. */
export type MirrorEvent<D extends DataChoice = DataChoice> =
  | { readonly kind: 'created'; readonly path: string; readonly znode: Shown<D> }
  /** The data was set. */
  | { readonly kind: 'changed'; readonly path: string; readonly znode: Shown<D>; readonly before: Shown<D> }
  | { readonly kind: 'deleted'; readonly path: string; readonly before: Shown<D> }
  | MirrorTurn;

/** Events that one iteration over a mirror's may have waiting: a first picture is told in one go. */
export const MIRROR_EVENTS_WAITING_MAX = 65_536;
