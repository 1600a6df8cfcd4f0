/** Something that must never be, and was seen. */
export interface Violation {
  /** Which promise was broken: a short name, the same for the same kind. */
  readonly promise: PromiseName;
  readonly atMs: number;
  readonly message: string;
}

/** What is checked in every run. */
export type PromiseName =
  | 'no-bug-found-by-itself'
  | 'one-order'
  | 'quorum-holds-what-is-committed'
  | 'one-leader-per-epoch'
  | 'acknowledged-writes-stay'
  | 'once-each'
  | 'session-order'
  | 'real-time-order'
  | 'sync-sees-everything'
  | 'reads-show-the-order'
  | 'ephemerals-die-with-their-session'
  | 'sessions-end-only-by-agreement'
  | 'sessions-live-while-heard'
  | 'watches-before-answers'
  | 'progress'
  | 'equal-members';
