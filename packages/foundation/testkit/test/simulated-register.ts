import {
  type Operation,
  type RegisterAction,
  type RegisterAnswer,
  type RegisterState,
  seededRandom,
} from '@reeve/testkit';

export type RegisterOperation = Operation<RegisterAction, RegisterAnswer>;

export interface Simulation {
  readonly seed: number;
  readonly clients: number;
  readonly keys: number;
  readonly operations: number;
  /** How many of a hundred steps of a client under way are the loss of its connection. */
  readonly lostPercent: number;
}

/** How many clients die with an operation of unknown outcome, which may then take effect for ever. */
const DEATHS_MAX = 4;

/** Called, performed when there is an answer, and not returned. */
interface UnderWay {
  readonly key: string;
  readonly action: RegisterAction;
  readonly calledAt: number;
  answer: RegisterAnswer | undefined;
}

interface Client {
  readonly name: string;
  lastVersion: number;
  doing: UnderWay | undefined;
  /** What it lost and has not learned the end of. */
  lost: UnderWay | undefined;
}

/**
 * A history of real registers that do one thing at a time, while clients call and return in a random order. What a
 * client loses takes effect before it has its next answer, or never, and nobody knows; what it loses as it dies, at any
 * time.
 */
export function simulate(simulation: Simulation): readonly RegisterOperation[] {
  return new SimulatedRegisters(simulation).run();
}

class SimulatedRegisters {
  readonly #simulation: Simulation;
  readonly #random: () => number;
  readonly #states = new Map<string, RegisterState>();
  readonly #history: RegisterOperation[] = [];
  readonly #leftByTheDead: UnderWay[] = [];
  #clients: Client[] = [];
  #born = 0;
  #now = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#random = seededRandom(simulation.seed);
  }

  run(): readonly RegisterOperation[] {
    this.#clients = Array.from({ length: this.#simulation.clients }, () => this.#newClient());
    while (this.#history.length < this.#simulation.operations) {
      this.#now += 1;
      if (this.#draw(40) === 0) this.#land(this.#leftByTheDead[this.#draw(DEATHS_MAX)]);
      this.#advance(this.#draw(this.#clients.length));
    }
    for (const { name, doing, lost } of this.#clients) {
      for (const open of [doing, lost]) if (open !== undefined) this.#write(name, open, Number.POSITIVE_INFINITY);
    }
    return this.#history;
  }

  #newClient(): Client {
    this.#born += 1;
    return { name: `c${this.#born}`, lastVersion: 0, doing: undefined, lost: undefined };
  }

  #draw(below: number): number {
    return Math.floor(this.#random() * below);
  }

  #advance(at: number): void {
    const client = this.#clients[at] as Client;
    const { doing } = client;
    if (this.#draw(4) === 0) this.#land(client.lost);
    if (doing === undefined) {
      const key = `k${this.#draw(this.#simulation.keys)}`;
      client.doing = { key, action: this.#chosen(client), calledAt: this.#now, answer: undefined };
    } else if (client.lost === undefined && this.#draw(100) < this.#simulation.lostPercent) {
      this.#lose(at, doing);
    } else if (doing.answer === undefined) this.#land(doing);
    else this.#return(client, doing);
  }

  #chosen({ name, lastVersion }: Client): RegisterAction {
    const value = `${name}@${this.#now}`;
    const actions: readonly RegisterAction[] = [
      { op: 'read', freshness: 'latest' },
      { op: 'read', freshness: 'latest' },
      { op: 'create', value },
      { op: 'set', value },
      { op: 'set', value, expected: lastVersion },
      { op: 'delete', ...(this.#draw(2) === 0 ? {} : { expected: lastVersion }) },
    ];
    return actions[this.#draw(actions.length)] as RegisterAction;
  }

  /** Takes effect, unless it has. */
  #land(operation: UnderWay | undefined): void {
    if (operation !== undefined && operation.answer === undefined) operation.answer = this.#perform(operation);
  }

  /** What a znode does, told once more by hand: the model is under test. */
  #perform({ key, action }: UnderWay): RegisterAnswer {
    const state = this.#states.get(key);
    if (state?.kind !== 'holds') {
      if (action.op !== 'create') return { kind: 'absent' };
      this.#states.set(key, { kind: 'holds', value: action.value, version: 0 });
      return { kind: 'written', version: 0 };
    }
    if (action.op === 'create') return { kind: 'exists_already' };
    if (action.op === 'read') return state;
    if (action.expected !== undefined && action.expected !== state.version) return { kind: 'other_version' };
    if (action.op === 'delete') {
      this.#states.delete(key);
      return { kind: 'deleted' };
    }
    this.#states.set(key, { kind: 'holds', value: action.value, version: state.version + 1 });
    return { kind: 'written', version: state.version + 1 };
  }

  #return(client: Client, done: UnderWay): void {
    const { answer } = done;
    if (answer !== undefined && 'version' in answer) client.lastVersion = answer.version;
    if (client.lost !== undefined) this.#write(client.name, client.lost, this.#now);
    client.lost = undefined;
    client.doing = undefined;
    this.#history.push({ client: client.name, ...done, answer, returnedAt: this.#now });
  }

  #lose(at: number, operation: UnderWay): void {
    const client = this.#clients[at] as Client;
    client.doing = undefined;
    client.lost = operation;
    if (this.#leftByTheDead.length === DEATHS_MAX || this.#draw(4) > 0) return;
    this.#leftByTheDead.push(operation);
    this.#write(client.name, operation, Number.POSITIVE_INFINITY);
    this.#clients[at] = this.#newClient();
  }

  /** Writes down an operation of unknown outcome. */
  #write(client: string, { key, action, calledAt }: UnderWay, returnedAt: number): void {
    if (action.op === 'read') return;
    this.#history.push({ client, key, action, answer: undefined, calledAt, returnedAt });
  }
}
