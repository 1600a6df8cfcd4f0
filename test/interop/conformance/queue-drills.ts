import { codeOf } from '@reeve/base';
import type { Client } from '@reeve/client';
import { Queue, type QueueItem, reasonOf } from '@reeve/recipes';
import { type Court, Drill, isExplained, pause, Rendezvous, type Turn, unlessStorm } from './drill.ts';

/** What is put by some and taken by others. */
export function queueDrills(): readonly Drill[] {
  return [new QueueDrill()];
}

/** What is known of one item, by its number. */
interface Fate {
  put: 'in_doubt' | 'put';
  /** How often it was acknowledged that it is done, and how often that was asked and not answered. */
  done: number;
  doneInDoubt: number;
  /** Who has it, or had it last. */
  holder: QueueItem | undefined;
  /** Whether the holder believes to have it: not any more when it has begun to end it. */
  believes: 'no' | 'yes';
}

/** Whether somebody waits whatever it takes. */
interface Patience {
  readonly always?: true;
}

/** Failures after which it is certain that nothing was put. */
const notPut: ReadonlySet<string | undefined> = new Set(['session_over', 'stopped']);

class QueueDrill extends Drill {
  readonly #fates: Fate[] = [];
  readonly #drained = new Rendezvous();

  constructor() {
    super({ claim: 'no item of a queue is lost, none is done twice, and one has it at a time', root: '/queue' });
  }

  override get deeds(): number {
    return this.#fates.filter(({ done }) => done > 0).length;
  }

  override get keeps(): readonly string[] {
    return ['', '/entries', '/taken', '/delayed', '/takers', '/putters', '/marks'].map((path) => this.root + path);
  }

  override async play(turn: Turn): Promise<void> {
    const queue = new Queue(turn.client, { path: this.root });
    const putting = async () => {
      while (!turn.over.aborted) {
        await unlessStorm(this.#put(queue, turn));
        await pause(turn, 150);
      }
    };
    const taking = async () => {
      while (!turn.over.aborted) {
        await unlessStorm(this.#take(queue, turn));
        await pause(turn, 20);
      }
    };
    await Promise.all([putting(), taking(), taking()]);
    await queue.stop();
  }

  override async finish(turn: Turn): Promise<void> {
    const { client, over } = turn;
    const queue = new Queue(client, { path: this.root });
    await this.#put(queue, turn, { always: true });
    for (;;) {
      // Longer than it takes a session of the storm to expire, or an item to be given back.
      const item = await queue.take({ signal: over, timeoutMs: 2_500 }).catch((error) => {
        if (codeOf(error) === 'deadline_exceeded' && !over.aborted) return undefined;
        throw error;
      });
      if (item === undefined) break;
      if (over.aborted) throw reasonOf(over, this.root);
      await this.#end(this.#taken(item, turn), item);
    }
    await this.#drained.meet(turn);
    await queue.stop();
  }

  override async judge({ witness }: Court): Promise<void> {
    for (const [number, { put, done, doneInDoubt }] of this.#fates.entries()) {
      if (done > 1) this.violated(`the item ${number} was done ${done} times`);
      if (put === 'put' && done + doneInDoubt === 0) this.violated(`the item ${number} was lost`);
    }
    const left = await witness.getChildren(`${this.root}/entries`);
    if (left.length > 0) this.violated(`${left.length} items are left`);
    await this.#judgeOrder(witness);
  }

  /** Undisturbed, the most urgent come first, and of these who came first. */
  async #judgeOrder(witness: Client): Promise<void> {
    const queue = new Queue(witness, { path: this.root });
    const priorities = [7, 3, 900, 3, 0, 100, 7];
    for (const [at, priority] of priorities.entries()) await queue.put(Buffer.from(`${priority} ${at}`), { priority });
    const taken: string[] = [];
    while (taken.length < priorities.length) {
      const item = await queue.take({ timeoutMs: 5_000 });
      taken.push(String(item.data));
      await item.done();
    }
    await queue.stop();
    const expected = '0 4,3 1,3 3,7 0,7 6,100 5,900 2';
    if (taken.join() !== expected) this.violated(`taken in the order ${taken.join()}`);
  }

  async #put(queue: Queue, { over, random }: Turn, patience: Patience = {}): Promise<void> {
    const fate: Fate = { put: 'in_doubt', done: 0, doneInDoubt: 0, holder: undefined, believes: 'no' };
    const number = this.#fates.push(fate) - 1;
    const delay = random() < 0.2 ? { delayMs: random() * 300 } : {};
    const givesUp = patience.always === undefined && random() < 0.1;
    const impatient = givesUp ? { timeoutMs: Math.floor(random() * 200) } : {};
    try {
      await queue.put(Buffer.from(String(number)), { signal: over, ...delay, ...impatient });
      fate.put = 'put';
    } catch (error) {
      if (notPut.has(codeOf(error)) && fate.holder !== undefined) {
        this.violated(`the item ${number} was put, but its putter was told ${codeOf(error)}`);
      }
      throw error;
    }
  }

  async #take(queue: Queue, turn: Turn): Promise<void> {
    const { over, random } = turn;
    const impatient = random() < 0.4 ? { timeoutMs: Math.floor(random() * 300) } : {};
    const item = await queue.take({ signal: over, ...impatient });
    const fate = this.#taken(item, turn);
    await pause(turn, 60);
    // Out of touch, it is held for as long as it may be.
    while (turn.client.state !== 'connected' && item.state === 'held' && !over.aborted) await pause(turn, 60);
    if (random() < 0.85) return this.#end(fate, item);
    fate.believes = 'no';
    await item.giveBack();
  }

  #taken(item: QueueItem, { name }: Turn): Fate {
    const number = Number(String(item.data));
    const fate = this.#fates[number] as Fate;
    const { holder } = fate;
    if (fate.done > 0) this.violated(`${name} is given the item ${number}, which is done`);
    const isHeld = fate.believes === 'yes' && holder?.state === 'held';
    if (isHeld && item.state === 'held') this.violated(`the item ${number} is held twice`);
    if (holder !== undefined && holder.fence >= item.fence) {
      this.violated(`the fence of the item ${number} went from ${holder.fence} to ${item.fence}`);
    }
    fate.holder = item;
    fate.believes = 'yes';
    return fate;
  }

  async #end(fate: Fate, item: QueueItem): Promise<void> {
    fate.believes = 'no';
    try {
      await item.done();
      fate.done += 1;
    } catch (error) {
      if (codeOf(error) === 'in_doubt') fate.doneInDoubt += 1;
      if (!isExplained(error)) throw error;
    }
  }
}
