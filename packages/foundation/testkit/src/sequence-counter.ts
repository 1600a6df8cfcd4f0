import type { SequentialModel } from './sequential-model.ts';

/** The next number, please: the creation of a sequential znode. */
export interface TakeNumber {
  readonly op: 'take';
}

/** The number that the next one gets. */
export type CounterState = number | 'anything';

/** A parent of sequential znodes: each creation that took effect gets the next number, beginning at 0. */
export const sequenceCounter: SequentialModel<CounterState, TakeNumber, number> = {
  initial: 0,
  anything: 'anything',
  next(state, _action, answer) {
    if (answer === undefined) return state === 'anything' ? state : state + 1;
    return state === 'anything' || state === answer ? answer + 1 : undefined;
  },
  observes: () => false,
  describeState: (state) => (state === 'anything' ? state : `next is ${state}`),
  describeCall: (_action, answer) => `take → ${answer ?? 'unknown'}`,
};
