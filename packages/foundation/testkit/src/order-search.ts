import type { Operation } from './history.ts';
import type { SequentialModel } from './sequential-model.ts';

/** One way in which everything that has returned may have happened. */
interface Configuration<State> {
  readonly state: State;
  /** Operations under way that have happened in this configuration, by position, ascending. */
  readonly done: readonly number[];
}

/** What a search needs to know. */
export interface SearchFacts<State, Action, Answer> {
  readonly model: SequentialModel<State, Action, Answer>;
  readonly initial: State;
  /** Configurations looked at for one return, after which the search gives up. */
  readonly configurationsMax: number;
}

/** Whether there is an order that explains the answers. */
export type SearchResult<State, Action, Answer> =
  | { readonly kind: 'explained' }
  | {
      readonly kind: 'impossible' | 'given_up';
      /** The operation at whose return it showed. */
      readonly at: Operation<Action, Answer>;
      /** What the object could be just before, whatever was under way. */
      readonly states: readonly State[];
    };

/**
 * Looks for an order of operations on one object that explains their answers, each at some moment between its call and
 * its return. Goes through the history in time and keeps every configuration that is possible so far; an operation
 * happens, in a configuration, no earlier than another one's return needs it. That decides linearizability (Wing and
 * Gong 1993; "just in time" after Lowe 2017), and it stops at the first return that nothing explains.
 */
export function searchOrder<State, Action, Answer>(
  operations: readonly Operation<Action, Answer>[],
  facts: SearchFacts<State, Action, Answer>,
): SearchResult<State, Action, Answer> {
  const search = new OrderSearch(operations, facts);
  for (const { type, position } of momentsOf(operations)) {
    if (type === 'call') search.call(position);
    else {
      const failure = search.return(position);
      if (failure !== undefined) return failure;
    }
  }
  return { kind: 'explained' };
}

interface Moment {
  readonly at: number;
  readonly type: 'call' | 'return';
  readonly position: number;
}

/** Calls and returns in time. Of what is simultaneous calls go first, so that it overlaps: nothing is claimed of it. */
function momentsOf(operations: readonly Operation<unknown, unknown>[]): readonly Moment[] {
  const moments = operations.flatMap(({ calledAt, returnedAt }, position): Moment[] => {
    const call: Moment = { at: calledAt, type: 'call', position };
    return returnedAt === Number.POSITIVE_INFINITY ? [call] : [call, { at: returnedAt, type: 'return', position }];
  });
  return moments.sort((a, b) => a.at - b.at || a.type.localeCompare(b.type));
}

class OrderSearch<State, Action, Answer> {
  readonly #operations: readonly Operation<Action, Answer>[];
  readonly #facts: SearchFacts<State, Action, Answer>;
  readonly #underWay = new Set<number>();
  #configurations: readonly Configuration<State>[];

  constructor(operations: readonly Operation<Action, Answer>[], facts: SearchFacts<State, Action, Answer>) {
    this.#operations = operations;
    this.#facts = facts;
    this.#configurations = [{ state: facts.initial, done: [] }];
  }

  call(position: number): void {
    this.#underWay.add(position);
  }

  return(position: number): SearchResult<State, Action, Answer> | undefined {
    const { answer } = this.#operations[position] as Operation<Action, Answer>;
    const reached = new Found(this.#operations, this.#facts);
    // What nobody has an answer to may as well never have happened.
    if (answer === undefined)
      for (const now of this.#configurations) if (!now.done.includes(position)) reached.add(now);
    const searched = this.#happen(position, reached);
    this.#underWay.delete(position);
    if (searched === 'given_up') return this.#failure('given_up', position);
    if (reached.all.length === 0) return this.#failure('impossible', position);
    this.#configurations = reached.all;
    return undefined;
  }

  /** Finds every configuration in which the operation has happened, others before it where there is need. */
  #happen(position: number, reached: Found<State, Action, Answer>): 'searched' | 'given_up' {
    const seen = new Found(this.#operations, this.#facts);
    for (const now of this.#configurations) seen.add(now);
    for (const now of seen.all) {
      if (seen.all.length > this.#facts.configurationsMax) return 'given_up';
      if (now.done.includes(position)) reached.add({ ...now, done: now.done.filter((other) => other !== position) });
      else for (const after of this.#steps(now)) seen.add(after);
    }
    return 'searched';
  }

  *#steps({ state, done }: Configuration<State>): Generator<Configuration<State>> {
    for (const position of this.#underWay) {
      if (done.includes(position)) continue;
      const { action, answer } = this.#operations[position] as Operation<Action, Answer>;
      const after = this.#facts.model.next(state, action, answer);
      if (after !== undefined) yield { state: after, done: [...done, position].sort((a, b) => a - b) };
    }
  }

  #failure(kind: 'impossible' | 'given_up', position: number): SearchResult<State, Action, Answer> {
    const states = new Map(this.#configurations.map(({ state }) => [this.#facts.model.describeState(state), state]));
    return { kind, at: this.#operations[position] as Operation<Action, Answer>, states: [...states.values()] };
  }
}

/**
 * Configurations in the order in which they were found, without those that another one makes superfluous: in the same
 * state, with the same answers explained, but with more of what nobody had an answer to. Whatever can follow them can
 * follow the other, as nobody asks for these.
 */
class Found<State, Action, Answer> {
  readonly all: Configuration<State>[] = [];
  readonly #unanswered = new Map<string, (readonly number[])[]>();
  readonly #operations: readonly Operation<Action, Answer>[];
  readonly #model: SequentialModel<State, Action, Answer>;

  constructor(
    operations: readonly Operation<Action, Answer>[],
    { model }: { readonly model: SequentialModel<State, Action, Answer> },
  ) {
    this.#operations = operations;
    this.#model = model;
  }

  add(configuration: Configuration<State>): void {
    const { state, done } = configuration;
    const unanswered = done.filter((position) => this.#operations[position]?.answer === undefined);
    const answered = unanswered.length === 0 ? done : done.filter((position) => !unanswered.includes(position));
    const key = `${answered.join()} ${this.#model.describeState(state)}`;
    const known = this.#unanswered.get(key);
    if (known === undefined) this.#unanswered.set(key, [unanswered]);
    else if (known.some((fewer) => fewer.every((position) => unanswered.includes(position)))) return;
    else known.push(unanswered);
    this.all.push(configuration);
  }
}
