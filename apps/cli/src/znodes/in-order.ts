/** Requests that a command has in flight. */
const AT_ONCE = 64;

/** What `work` makes of each item, in the order of the items, a bounded number of them at a time. */
export async function* inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): AsyncGenerator<R> {
  for (let at = 0; at < items.length; at += AT_ONCE) {
    yield* await Promise.all(items.slice(at, at + AT_ONCE).map(work));
  }
}
