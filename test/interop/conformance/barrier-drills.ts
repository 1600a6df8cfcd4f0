import { Barrier, DoubleBarrier } from '@reeve/recipes';
import { Drill, pause, Rendezvous, type Turn, unlessStorm } from './drill.ts';

/** What holds everybody back. */
export function barrierDrills(): readonly Drill[] {
  return [new BarrierDrill(), new DoubleBarrierDrill()];
}

/** The first party closes and opens; the others wait, and give up at times. */
class BarrierDrill extends Drill {
  #passed = 0;
  /** Whether it is certainly closed, and since which closing. */
  #closed: { readonly closing: number } | undefined;
  #closings = 0;
  readonly #closedForAll = new Rendezvous();
  readonly #passedByAll = new Rendezvous();

  constructor() {
    super({ claim: 'a barrier lets nobody pass while it is closed, and everybody when it opens', root: '/barrier' });
  }

  override get deeds(): number {
    return this.#passed;
  }

  override get keeps(): readonly string[] {
    return [];
  }

  override async play(turn: Turn): Promise<void> {
    const barrier = new Barrier(turn.client, this.root);
    const isKeeper = turn.name === 'party-1';
    while (!turn.over.aborted) await unlessStorm(isKeeper ? this.#keep(barrier, turn) : this.#pass(barrier, turn));
    if (isKeeper) await unlessStorm(barrier.open());
  }

  override async finish(turn: Turn): Promise<void> {
    const barrier = new Barrier(turn.client, this.root);
    if (turn.name === 'party-1') await this.#close(barrier, turn);
    await this.#closedForAll.meet(turn);
    const passing = this.#pass(barrier, turn, { always: true });
    if (turn.name === 'party-1') await this.#open(barrier, turn);
    await passing;
    await this.#passedByAll.meet(turn);
  }

  async #keep(barrier: Barrier, turn: Turn): Promise<void> {
    await this.#close(barrier, turn);
    await pause(turn, 300);
    await this.#open(barrier, turn);
    await pause(turn, 200);
  }

  async #close(barrier: Barrier, { over }: Turn): Promise<void> {
    await barrier.close({ signal: over });
    this.#closings += 1;
    this.#closed = { closing: this.#closings };
  }

  async #open(barrier: Barrier, { over }: Turn): Promise<void> {
    this.#closed = undefined;
    await barrier.open({ signal: over });
  }

  async #pass(barrier: Barrier, turn: Turn, patience: { readonly always?: true } = {}): Promise<void> {
    const { client, over, random, name } = turn;
    const givesUp = patience.always === undefined && random() < 0.5;
    // What the server in touch knows may be old; this begins with what is known now.
    const before = this.#closed;
    await client.sync(this.root);
    await barrier.wait({ signal: over, ...(givesUp && { timeoutMs: Math.floor(random() * 200) }) });
    if (before !== undefined && before === this.#closed) this.violated(`${name} passes a closed barrier`);
    this.#passed += 1;
    await pause(turn, 30);
  }
}

/** Three of five go in together and out together; in the end all of them. */
class DoubleBarrierDrill extends Drill {
  #entered = 0;
  #arrived = 0;
  #left = 0;
  readonly #wentOut = new Rendezvous();

  constructor() {
    super({ claim: 'a double barrier lets all in together, and all out together', root: '/double-barrier' });
  }

  override get deeds(): number {
    return this.#entered;
  }

  override get keeps(): readonly string[] {
    // `ready` goes with the next round where all members of the last one have died.
    return [this.root, `${this.root}/storm`, `${this.root}/storm/ready`, `${this.root}/calm`];
  }

  override async play(turn: Turn): Promise<void> {
    const { client, over, random } = turn;
    const barrier = new DoubleBarrier(client, { path: `${this.root}/storm`, members: 3 });
    while (!over.aborted) {
      const timeoutMs = 100 + Math.floor(random() * 900);
      const entered = await unlessStorm(barrier.enter({ signal: over, timeoutMs }).then(() => 'yes' as const));
      if (entered === undefined) continue;
      this.#entered += 1;
      await pause(turn, 100);
      await unlessStorm(barrier.leave({ signal: over, timeoutMs }));
    }
    await barrier.stop();
  }

  override async finish(turn: Turn): Promise<void> {
    const { client, over, parties, name } = turn;
    const barrier = new DoubleBarrier(client, { path: `${this.root}/calm`, members: parties });
    await pause(turn, 300);
    this.#arrived += 1;
    await barrier.enter({ signal: over });
    this.#entered += 1;
    if (this.#arrived < parties) this.violated(`${name} is let in when ${this.#arrived} of ${parties} are there`);
    await pause(turn, 300);
    this.#left += 1;
    await barrier.leave({ signal: over });
    if (this.#left < parties) this.violated(`${name} is let out when ${this.#left} of ${parties} are done`);
    await this.#wentOut.meet(turn);
  }
}
