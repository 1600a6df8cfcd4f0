import type { RecipeEvents } from '../recipe/recipe-events.ts';
import type { LossReason } from './place.ts';

/** `held`; `lost`: somebody else may have it by now; `released`: given back. The last two are final. */
export type LeaseState = 'held' | 'lost' | 'released';

/** What happens to what is held. */
export type LeaseEvent =
  /** It may soon be somebody else's: told before the session can have expired at the servers. */
  | { readonly kind: 'lost'; readonly reason: LossReason; readonly cause?: unknown }
  /** Somebody asks for it back: finish and release. */
  | { readonly kind: 'revocation_asked' };

/** What an `acquire` gives: the right to something, until it is released or lost. */
export interface Lease {
  /** The znode that stands for it. */
  readonly path: string;
  /**
   * Grows from one holder to the next: pass it on with every write to what is guarded, and let that refuse a lower one
   * than it has seen.
   */
  readonly fence: number;
  /** Looks at the clock too: who slept too long holds nothing any more. */
  readonly state: LeaseState;
  /** Whether somebody has asked for it back already, perhaps before it was held. */
  readonly revocation: 'none' | 'asked';
  /** Fires when the lease is lost, not when it is released. */
  readonly signal: AbortSignal;
  readonly events: RecipeEvents<LeaseEvent>;
  /**
   * Gives it back; takes two seconds at most. Out of touch it returns at once, and what was held is free when a server
   * is reached again, or with the session. Idempotent.
   */
  release(): Promise<void>;
}
