import type { Lease } from '../line/lease.ts';
import type { LossReason } from '../line/place.ts';
import { recipeError } from '../recipe/recipe-error.ts';

/** `held`; `lost`: somebody else may have it by now; `released`: given back. The last two are final. */
export type ShareState = 'held' | 'lost' | 'released';

/** Why a share was lost: as any lease, or because it was not given back in time. */
export type ShareLoss = LossReason | 'overdue';

/** A name that one member of a partition owns, until it gives it back or loses it. */
export interface Share {
  readonly name: string;
  /** The znode that stands for it. */
  readonly path: string;
  /**
   * Grows from one owner of the name to the next: pass it on with every write to what is shared, and let that refuse a
   * lower one than it has seen.
   */
  readonly fence: number;
  /** Looks at the clock too: who slept too long owns nothing any more. */
  readonly state: ShareState;
  /** Fires when another member is to have it: finish, and `release`. */
  readonly revoked: AbortSignal;
  /** Fires when it is lost, not when it is released. */
  readonly signal: AbortSignal;
  /**
   * Gives it back; takes two seconds at most. Idempotent. One that was not revoked comes again: its name is still this
   * member's.
   */
  release(): Promise<void>;
}

/** What becomes of a share, for the one who deals them out. */
export interface ShareParts {
  readonly name: string;
  readonly lease: Lease;
  readonly onLost: (share: HeldShare, reason: ShareLoss) => void;
  /** It is about to be given back. */
  readonly onReleased: (share: HeldShare) => void;
}

/** A share on a lease. */
export class HeldShare implements Share {
  readonly name: string;
  readonly path: string;
  readonly fence: number;
  readonly revoked: AbortSignal;
  readonly signal: AbortSignal;
  readonly #parts: ShareParts;
  readonly #revoked = new AbortController();
  readonly #lost = new AbortController();
  #state: ShareState = 'held';
  #overdue: NodeJS.Timeout | undefined;

  constructor(parts: ShareParts) {
    const { name, lease } = parts;
    this.#parts = parts;
    this.name = name;
    this.path = lease.path;
    this.fence = lease.fence;
    this.revoked = this.#revoked.signal;
    this.signal = this.#lost.signal;
    lease.events.subscribe((event) => {
      if (event.kind === 'lost') this.#lose(event.reason);
    });
  }

  get state(): ShareState {
    // Asked for its state, the lease may find out, and tell, that it is lost.
    if (this.#parts.lease.state === 'lost') this.#lose('session_suspended');
    return this.#state;
  }

  /** Asks the owner to give it back within `handOverMs`, after which it is lost. */
  revoke(handOverMs: number): void {
    this.#overdue = setTimeout(() => this.forfeit('overdue'), handOverMs);
    this.#revoked.abort(recipeError('stopped', this.path));
  }

  /** Takes it from its owner, whatever that is doing. */
  forfeit(reason: ShareLoss): void {
    this.#lose(reason);
    this.#parts.lease.release().catch(() => undefined);
  }

  async release(): Promise<void> {
    clearTimeout(this.#overdue);
    if (this.state === 'held') {
      this.#state = 'released';
      this.#parts.onReleased(this);
    }
    await this.#parts.lease.release();
  }

  #lose(reason: ShareLoss): void {
    if (this.#state !== 'held') return;
    this.#state = 'lost';
    clearTimeout(this.#overdue);
    this.#lost.abort(recipeError('lost', this.path));
    this.#parts.onLost(this, reason);
  }
}
