import { codeOf } from '@reeve/base';
import { Counter, SequenceRange, SharedValue } from '@reeve/recipes';
import { eventually } from '@reeve/testkit';
import { type Court, Drill, isExplained, pause, Rendezvous, type Turn, unlessStorm } from './drill.ts';

/** What everybody shares: numbers and values. */
export function sharedDrills(): readonly Drill[] {
  return [new CounterDrill(), new SequenceDrill(), new SharedValueDrill()];
}

/** Failures after which it is certain that nothing was written. */
const notDone: ReadonlySet<string | undefined> = new Set(['session_over', 'stopped']);

class CounterDrill extends Drill {
  #added = 0;
  #inDoubt = 0;
  readonly #told = new Set<number>();

  constructor() {
    super({ claim: 'a counter counts every addition once, and tells each of them another number', root: '/counter' });
  }

  override get deeds(): number {
    return this.#told.size;
  }

  override async play(turn: Turn): Promise<void> {
    const counter = new Counter(turn.client, this.root);
    while (!turn.over.aborted) {
      const several = Array.from({ length: 1 + Math.floor(turn.random() * 4) }, () => this.#add(counter, turn));
      await Promise.all(several);
      await pause(turn, 60);
    }
    await counter.stop();
  }

  override async finish(turn: Turn): Promise<void> {
    const counter = new Counter(turn.client, this.root);
    await this.#add(counter, turn, { always: true });
    await counter.stop();
  }

  override async judge({ witness }: Court): Promise<void> {
    const counter = new Counter(witness, this.root);
    const value = await counter.get();
    await counter.stop();
    if (value >= this.#added && value <= this.#added + this.#inDoubt) return;
    this.violated(`${this.#added} were added, ${this.#inDoubt} are in doubt, but it holds ${value}`);
  }

  async #add(counter: Counter, { random, over }: Turn, patience: { readonly always?: true } = {}): Promise<void> {
    const amount = 1 + Math.floor(random() * 3);
    const givesUp = patience.always === undefined && random() < 0.1;
    const impatient = givesUp ? { timeoutMs: Math.floor(random() * 300) } : {};
    try {
      const value = await counter.add(amount, { signal: over, ...impatient });
      this.#added += amount;
      if (this.#told.has(value)) this.violated(`${value} was told twice`);
      this.#told.add(value);
    } catch (error) {
      if (!notDone.has(codeOf(error))) this.#inDoubt += amount;
      if (patience.always || !isExplained(error)) throw error;
    }
  }
}

class SequenceDrill extends Drill {
  readonly #numbers = new Set<number>();

  constructor() {
    super({ claim: 'a sequence gives every number to one caller only', root: '/sequence' });
  }

  override get deeds(): number {
    return this.#numbers.size;
  }

  override async play(turn: Turn): Promise<void> {
    const range = new SequenceRange(turn.client, { path: this.root, block: 7 });
    let last = 0;
    while (!turn.over.aborted) {
      const number = await unlessStorm(range.next({ signal: turn.over }));
      if (number !== undefined) last = this.#given(turn, { last, number });
      await pause(turn, 15);
    }
    await range.stop();
  }

  override async finish(turn: Turn): Promise<void> {
    const range = new SequenceRange(turn.client, { path: this.root, block: 7 });
    for (let last = 0, i = 0; i < 10; i += 1) {
      last = this.#given(turn, { last, number: await range.next({ signal: turn.over }) });
    }
    await range.stop();
  }

  #given({ name }: Turn, { last, number }: { readonly last: number; readonly number: number }): number {
    if (this.#numbers.has(number)) this.violated(`${number} was given twice, the second time to ${name}`);
    if (number <= last) this.violated(`${name} was given ${number} after ${last}`);
    this.#numbers.add(number);
    return number;
  }
}

class SharedValueDrill extends Drill {
  readonly #made = new Set<number>();
  #inDoubt = 0;
  readonly #finished = new Rendezvous();
  readonly #seen = new Rendezvous();

  constructor() {
    super({ claim: 'a shared value loses no update, and is the same for all in the end', root: '/shared' });
  }

  override get deeds(): number {
    return this.#made.size;
  }

  override async play(turn: Turn): Promise<void> {
    const value = this.#follow(turn);
    if ((await unlessStorm(value.start({ signal: turn.over }).then(() => 'started'))) === undefined) return;
    while (!turn.over.aborted && value.state !== 'lost') {
      await unlessStorm(this.#increase(value, turn));
      await pause(turn, 120);
    }
    await value.stop();
  }

  override async finish(turn: Turn): Promise<void> {
    const value = this.#follow(turn);
    await value.start({ signal: turn.over });
    await this.#increase(value, turn);
    await this.#finished.meet(turn);
    const { data } = await turn.client.sync(this.root).then(() => turn.client.getData(this.root));
    const same = () => String(value.value.data) === String(data);
    await eventually(same, { what: `${turn.name} sees ${data} in the end` });
    await this.#seen.meet(turn);
    await value.stop();
  }

  override async judge({ witness }: Court): Promise<void> {
    const count = Number(String((await witness.getData(this.root)).data));
    if (count >= this.#made.size && count <= this.#made.size + this.#inDoubt) return;
    this.violated(`${this.#made.size} updates, ${this.#inDoubt} in doubt, but it is ${count}`);
  }

  #follow({ client, name }: Turn): SharedValue {
    const value = new SharedValue(client, { path: this.root, initial: Buffer.from('0') });
    let version = -1;
    value.events.subscribe((event) => {
      if (event.kind !== 'changed') return;
      if (event.value.version <= version) this.violated(`${name} is told of version ${event.value.version} again`);
      version = event.value.version;
    });
    return value;
  }

  async #increase(value: SharedValue, { over }: Turn): Promise<void> {
    try {
      const { data } = await value.update((before) => Buffer.from(String(Number(before) + 1)), { signal: over });
      const count = Number(String(data));
      if (this.#made.has(count)) this.violated(`two updates have made it ${count}`);
      this.#made.add(count);
    } catch (error) {
      if (!notDone.has(codeOf(error))) this.#inDoubt += 1;
      throw error;
    }
  }
}
