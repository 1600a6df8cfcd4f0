import type { RecentLog } from './recent-log.ts';

/** How a learner comes to the history of its leader. */
export type SyncPlan =
  /** It has a part of it: the rest is sent. */
  | { readonly kind: 'diff'; readonly after: number }
  /** It has more, which was never agreed on: that is cut off, and the rest sent. */
  | { readonly kind: 'truncate'; readonly after: number }
  /** Neither helps: everything is sent. */
  | { readonly kind: 'snapshot'; readonly why: 'too_far_behind' | 'applied_another_history' };

/** What a learner says of its log. */
export interface LearnerLog {
  /** The last zxid in it. */
  readonly lastZxid: number;
  /** What it has applied it cannot take back. */
  readonly appliedZxid: number;
}

/** Plans the way with the least to send. Two logs that have an entry in common have all before it in common. */
export function planSync({ lastZxid, appliedZxid }: LearnerLog, recent: RecentLog): SyncPlan {
  const common = recent.lastUpTo(lastZxid);
  if (common === undefined) return { kind: 'snapshot', why: 'too_far_behind' };
  if (common === lastZxid) return { kind: 'diff', after: common };
  if (appliedZxid <= common) return { kind: 'truncate', after: common };
  return { kind: 'snapshot', why: 'applied_another_history' };
}
