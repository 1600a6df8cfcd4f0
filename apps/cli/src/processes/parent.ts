import type { Report } from '../report-error.ts';

/** What a process says to the `reeve` that started it. */
export type ToParent =
  /** It serves; what it serves as. */
  | { readonly kind: 'ready'; readonly facts: Readonly<Record<string, unknown>> }
  /** It gave up. */
  | { readonly kind: 'failed'; readonly report: Report };

/** Whether this process was started by another `reeve`, which wants to know how it fares. */
export function hasParent(): boolean {
  return process.connected === true && process.send !== undefined;
}

/** Tells the parent, where there is one; resolves once it is on its way. */
export function tellParent(message: ToParent): Promise<void> {
  return new Promise((resolve) => {
    if (hasParent()) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

/** Calls `listener` when the parent is gone: a process that was started by another must not outlive it. */
export function onParentGone(listener: () => void): void {
  if (hasParent()) process.once('disconnect', listener);
}
