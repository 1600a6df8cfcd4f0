/** What an object does when it is used by one client at a time: what linearizability is measured against. */
export interface SequentialModel<State, Action, Answer> {
  /** How every object begins. */
  readonly initial: State;
  /** A state of which nothing is known yet: whatever is answered first is believed. */
  readonly anything: State;
  /**
   * The state after an action that was answered so; undefined where no object in this state answers so. Without an
   * answer: the state after the action took effect.
   */
  next(state: State, action: Action, answer: Answer | undefined): State | undefined;
  /** Whether an action that was answered so only observed: without it, everything else could have happened all the same. */
  observes(action: Action, answer: Answer | undefined): boolean;
  /** The state as text: equal texts are equal states. */
  describeState(state: State): string;
  describeCall(action: Action, answer: Answer | undefined): string;
}
