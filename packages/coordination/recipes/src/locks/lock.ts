import type { Lease } from '../line/lease.ts';
import type { Participant } from '../line/participants.ts';
import type { SafetyOptions } from '../line/place.ts';
import type { WaitOptions } from '../recipe/waiting.ts';

/** What every kind of lock is about. */
export interface LockOptions extends SafetyOptions {
  /** The znode under which those who want the lock stand in line; created when it is missing. */
  readonly path: string;
  /** What the znodes say of their owner; host and process unless given, see `selfDescription`. */
  readonly data?: Uint8Array | undefined;
}

/** How, and for whom, a lock is acquired. */
export interface AcquireOptions extends WaitOptions {
  /**
   * Who acquires it within this process, such as an object or a name: whoever holds it gets it again at once. It is free
   * when every lease was released. Without an owner, everyone who acquires is somebody else.
   */
  readonly owner?: unknown;
}

/** A lock as its users see it, whatever it is made of. */
export interface Lock {
  /** Where it is; with several locks, those are taken in the order of their paths. */
  readonly path: string;
  /**
   * Waits until the lock is ours. `timeoutMs: 0` tries once. Who gives up leaves nothing behind; that takes two seconds
   * at most.
   *
   * @throws RecipeError `deadline_exceeded`, `aborted`, `session_over` or `lost`; ClientError where the service refuses
   */
  acquire(options?: AcquireOptions): Promise<Lease>;
  /**
   * Does some work while the lock is held, and releases it. The work must heed `lease.signal`.
   *
   * @throws what the work throws; RecipeError `lost` when the lock was lost before the work ended, and what `acquire`
   *   throws
   */
  run<T>(work: (lease: Lease) => Promise<T> | T, options?: AcquireOptions): Promise<T>;
  /** Who holds the lock and who waits for it, in the order of the line. */
  participants(): Promise<readonly Participant[]>;
  /**
   * Asks everyone who holds the lock to give it back: they are told `revocation_asked`, and do as they think fit. Says
   * how many were asked.
   */
  askToRevoke(): Promise<number>;
}
