import type { Operation } from './history.ts';
import { type SearchFacts, type SearchResult, searchOrder } from './order-search.ts';
import type { SequentialModel } from './sequential-model.ts';

/** Beyond this many operations a window is not thinned out: each attempt is a search of its own. */
const THINNED_MAX = 300;

/** The shortest part of a history that contradicts itself, whatever happened before it. */
export interface OffendingWindow<State, Action, Answer> {
  readonly key: string;
  /** In the order of their calls. */
  readonly operations: readonly Operation<Action, Answer>[];
  /** The one at whose return no order was left. */
  readonly last: Operation<Action, Answer>;
  /** What the object could be just before that return, seen from the beginning of the history. */
  readonly states: readonly State[];
}

type Facts<State, Action, Answer> = SearchFacts<State, Action, Answer> & {
  readonly found: Exclude<SearchResult<State, Action, Answer>, { readonly kind: 'explained' }>;
};

/** Narrows the history of one object down to what contradicts itself, once a search has found that something does. */
export function offendingWindow<State, Action, Answer>(
  history: readonly Operation<Action, Answer>[],
  { found, ...facts }: Facts<State, Action, Answer>,
): OffendingWindow<State, Action, Answer> {
  const last = found.at;
  const before = history.filter(({ calledAt }) => calledAt <= last.returnedAt);
  const contradicts = (since: number, operations: readonly Operation<Action, Answer>[]) => {
    const initial = since === Number.NEGATIVE_INFINITY ? facts.initial : facts.model.anything;
    const view = viewOf(operations, { since, until: last.returnedAt });
    return searchOrder(view, { ...facts, initial }).kind === 'impossible';
  };
  const since = latestStart(before, (start) => contradicts(start, before));
  const inside = before.filter(({ returnedAt }) => returnedAt > since);
  const needless = (one: Operation<Action, Answer>) => one !== last && facts.model.observes(one.action, one.answer);
  const operations = thinned(inside, { needless, contradict: (some) => contradicts(since, some) });
  return {
    key: last.key,
    operations: operations.toSorted((a, b) => a.calledAt - b.calledAt),
    last,
    states: found.states,
  };
}

/**
 * A history seen between two moments. What was under way at its beginning may have happened before, and what is under
 * way at its end may happen later: neither has to be explained, so that nothing is refused that is not refused by the
 * whole.
 */
function viewOf<Action, Answer>(
  operations: readonly Operation<Action, Answer>[],
  { since, until }: { readonly since: number; readonly until: number },
): readonly Operation<Action, Answer>[] {
  return operations
    .filter(({ returnedAt }) => returnedAt > since)
    .map((operation) => {
      const whole = operation.calledAt > since && operation.returnedAt <= until;
      return whole ? operation : { ...operation, returnedAt: Number.POSITIVE_INFINITY };
    });
}

/** The latest moment from which on the rest contradicts itself; the beginning of time when it takes everything. */
function latestStart(
  operations: readonly Operation<unknown, unknown>[],
  contradictsSince: (start: number) => boolean,
): number {
  const returns = operations.map(({ returnedAt }) => returnedAt).filter(Number.isFinite);
  const starts = [Number.NEGATIVE_INFINITY, ...new Set(returns.sort((a, b) => a - b))];
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (contradictsSince(starts[middle] as number)) low = middle;
    else high = middle;
  }
  return starts[low] as number;
}

/** Leaves out, from the oldest on, what only observed and is not needed for the contradiction. */
function thinned<Action, Answer>(
  operations: readonly Operation<Action, Answer>[],
  is: {
    needless(operation: Operation<Action, Answer>): boolean;
    contradict(some: readonly Operation<Action, Answer>[]): boolean;
  },
): readonly Operation<Action, Answer>[] {
  if (operations.length > THINNED_MAX) return operations;
  return operations.filter(is.needless).reduce((kept, operation) => {
    const without = kept.filter((other) => other !== operation);
    return is.contradict(without) ? without : kept;
  }, operations);
}

/** The window as lines for people. */
export function describeWindow<State, Action, Answer>(
  { key, operations, last, states }: OffendingWindow<State, Action, Answer>,
  model: SequentialModel<State, Action, Answer>,
): string {
  const start = operations[0]?.calledAt ?? 0;
  const time = (at: number) => (Number.isFinite(at) ? `${(at - start).toFixed(1)}` : 'never').padStart(10);
  const lines = operations.map((operation) => {
    const { client, action, answer, calledAt, returnedAt } = operation;
    const mark = operation === last ? '   <- nothing explains this' : '';
    return `${time(calledAt)}${time(returnedAt)}  ${client.padEnd(10)}${model.describeCall(action, answer)}${mark}`;
  });
  return [
    `${key} is not linearizable: no order of these operations explains their answers`,
    `${'called'.padStart(10)}${'returned'.padStart(10)}  client`,
    ...lines,
    `before the last of them returned it could be: ${states.map((state) => model.describeState(state)).join(' or ')}`,
  ].join('\n');
}
