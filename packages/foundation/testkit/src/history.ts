import { type Clock, invariant } from '@reeve/base';

/** One use of one object by one client, as that client saw it. */
export interface Operation<Action, Answer> {
  /** Who: one session, which has one operation under way at a time. */
  readonly client: string;
  /** On which object: objects are independent of each other. */
  readonly key: string;
  readonly action: Action;
  /** What was answered; undefined where the client cannot know whether it took effect. */
  readonly answer: Answer | undefined;
  readonly calledAt: number;
  /**
   * When the answer was there. Without an answer: from when on it cannot take effect any more; infinite where nothing
   * tells.
   */
  readonly returnedAt: number;
}

/** What became of an operation, told by the client that tried it. */
export type Attempt<Answer> =
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** It may have taken effect, or still will: its connection was lost. */
  | { readonly kind: 'unknown' }
  /** It certainly has not taken effect and tells nothing. */
  | { readonly kind: 'refused' };

/** Collects the operations of clients that run in this process, at the times of one clock. */
export class HistoryRecorder<Action, Answer> {
  readonly #clock: Clock;
  readonly #settles: (action: Action) => boolean;
  readonly #operations: Operation<Action, Answer>[] = [];

  /**
   * @param settles whether an answer to this says that nothing the same client sent before is still on its way: true of
   * whatever goes the way of a write, false of a local read
   */
  constructor(clock: Clock, settles: (action: Action) => boolean) {
    this.#clock = clock;
    this.#settles = settles;
  }

  /** Whatever has been recorded up to now, ordered by call. */
  get history(): readonly Operation<Action, Answer>[] {
    return this.#operations.toSorted((a, b) => a.calledAt - b.calledAt);
  }

  /** A client with this name, which does one thing after the other. */
  client(name: string): RecordedClient<Action, Answer> {
    const add = (operation: Operation<Action, Answer>) => void this.#operations.push(operation);
    return new RecordedClient({ name, clock: this.#clock, settles: this.#settles, add });
  }
}

/** The pen of one client: every operation goes through `record`. */
export class RecordedClient<Action, Answer> {
  readonly #facts: RecordedClientFacts<Action, Answer>;
  /** Operations of unknown outcome that may still be on their way. */
  #adrift: Operation<Action, Answer>[] = [];
  #sessions = 1;
  #busy = false;

  constructor(facts: RecordedClientFacts<Action, Answer>) {
    this.#facts = facts;
  }

  /** Its session has ended and another one takes over: order is promised within a session only. */
  renew(): void {
    this.#sessions += 1;
  }

  /** Performs `attempt` and writes down when it was called, when it returned, and with what. */
  async record(
    { key, action }: { readonly key: string; readonly action: Action },
    attempt: () => Promise<Attempt<Answer>>,
  ): Promise<Attempt<Answer>> {
    invariant(!this.#busy, 'a recorded client does one thing at a time');
    this.#busy = true;
    const { clock, name } = this.#facts;
    const calledAt = clock.now();
    const client = `${name}.${this.#sessions}`;
    const outcome = await attempt().finally(() => {
      this.#busy = false;
    });
    const returnedAt = clock.now();
    if (outcome.kind === 'unknown') {
      this.#adrift.push({ client, key, action, answer: undefined, calledAt, returnedAt: Number.POSITIVE_INFINITY });
    } else if (outcome.kind === 'answered') {
      this.#facts.add({ client, key, action, answer: outcome.answer, calledAt, returnedAt });
      if (this.#facts.settles(action)) this.#settle(returnedAt);
    }
    return outcome;
  }

  /** Writes down what is still of unknown outcome: this client does nothing more. */
  close(): void {
    this.#settle(Number.POSITIVE_INFINITY);
  }

  #settle(returnedAt: number): void {
    for (const operation of this.#adrift) this.#facts.add({ ...operation, returnedAt });
    this.#adrift = [];
  }
}

interface RecordedClientFacts<Action, Answer> {
  readonly name: string;
  readonly clock: Clock;
  settles(action: Action): boolean;
  add(operation: Operation<Action, Answer>): void;
}
