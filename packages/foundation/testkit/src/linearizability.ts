import type { Operation } from './history.ts';
import { type OffendingWindow, offendingWindow } from './offending-window.ts';
import { searchOrder } from './order-search.ts';
import type { SequentialModel } from './sequential-model.ts';

const CONFIGURATIONS_MAX = 50_000;

/** Whether a history could have come from an object that does one thing at a time, at once and for all to see. */
export type Verdict<State, Action, Answer> =
  | { readonly kind: 'linearizable' }
  | { readonly kind: 'violated'; readonly window: OffendingWindow<State, Action, Answer> }
  /** More orders are possible than can be looked at: too many operations of one key at once. */
  | { readonly kind: 'undecided'; readonly at: Operation<Action, Answer> };

/**
 * Checks that a history is linearizable: that there is one order of its operations, each between its call and its
 * return, which explains every answer. Objects are checked one by one, as a history is linearizable exactly when the
 * history of each object is (Herlihy and Wing 1990).
 *
 * @example
 * const verdict = checkLinearizable(recorder.history, versionedRegister);
 * if (verdict.kind === 'violated') console.error(describeWindow(verdict.window, versionedRegister));
 */
export function checkLinearizable<State, Action, Answer>(
  history: readonly Operation<Action, Answer>[],
  model: SequentialModel<State, Action, Answer>,
): Verdict<State, Action, Answer> {
  const facts = { model, initial: model.initial, configurationsMax: CONFIGURATIONS_MAX };
  let undecided: Operation<Action, Answer> | undefined;
  for (const operations of byKey(history).values()) {
    const found = searchOrder(operations, facts);
    if (found.kind === 'impossible') {
      return { kind: 'violated', window: offendingWindow(operations, { ...facts, found }) };
    }
    if (found.kind === 'given_up') undecided ??= found.at;
  }
  return undecided === undefined ? { kind: 'linearizable' } : { kind: 'undecided', at: undecided };
}

function byKey<Action, Answer>(
  history: readonly Operation<Action, Answer>[],
): ReadonlyMap<string, readonly Operation<Action, Answer>[]> {
  const parts = new Map<string, Operation<Action, Answer>[]>();
  for (const operation of history) {
    const part = parts.get(operation.key);
    if (part === undefined) parts.set(operation.key, [operation]);
    else part.push(operation);
  }
  return parts;
}
