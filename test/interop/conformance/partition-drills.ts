import { isFinal } from '@reeve/client';
import { type Share, WorkPartitioner } from '@reeve/recipes';
import { CheckedStore, eventually, type Holder, Holders } from '@reeve/testkit';
import { Drill, pause, Rendezvous, type Turn, unlessStorm } from './drill.ts';

/** Work that is split over everybody. */
export function partitionDrills(): readonly Drill[] {
  return [new PartitionDrill()];
}

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

/** What is known of one name: who owns it, and what was written for it. */
interface Ownership {
  readonly holders: Holders<Holder>;
  readonly store: CheckedStore;
}

/** Everybody takes part; shares that are revoked are given back after a while, or too late. */
class PartitionDrill extends Drill {
  readonly #owned = new Map<string, Ownership>(
    names.map((name) => [name, { holders: new Holders((all) => all.length <= 1), store: new CheckedStore() }]),
  );
  readonly #complete = new Rendezvous();

  constructor() {
    super({ claim: 'no name of a partition has two owners at once, and in the end each has one', root: '/partition' });
  }

  override get violations(): readonly string[] {
    const seen = [...this.#owned.values()].flatMap(({ holders, store }) => [
      ...holders.violations,
      ...store.violations,
    ]);
    return [...super.violations, ...seen];
  }

  override get deeds(): number {
    return [...this.#owned.values()].reduce((sum, { holders }) => sum + holders.entered, 0);
  }

  override get keeps(): readonly string[] {
    const shares = names.map((name) => `/shares/${name}`);
    return ['', '/members', '/shares', ...shares].map((path) => this.root + path);
  }

  override async play(turn: Turn): Promise<void> {
    const partitioner = this.#join(turn);
    if ((await unlessStorm(partitioner.start({ signal: turn.over }).then(() => 'yes'))) === undefined) return;
    while (!turn.over.aborted && partitioner.state === 'sharing' && turn.random() < 0.95) await pause(turn, 400);
    await partitioner.stop();
  }

  override async finish(turn: Turn): Promise<void> {
    const partitioner = this.#join(turn);
    await partitioner.start({ signal: turn.over });
    const even = () => [1, 2].includes(partitioner.shares.size) && partitioner.members.length === turn.parties;
    const state = () => `${turn.name} owns ${[...partitioner.shares.keys()]}, members ${partitioner.members}`;
    await eventually(() => even() || isFinal(turn.client.state), {
      what: 'the shares are even',
      deadlineMs: 15_000,
    }).catch(() => this.violated(state()));
    await this.#complete.meet(turn);
    await partitioner.stop();
  }

  #join(turn: Turn): WorkPartitioner {
    const { client, name } = turn;
    const options = { path: this.root, member: name, names, settleMs: 50, handOverMs: 400 };
    const partitioner = new WorkPartitioner(client, options);
    partitioner.events.subscribe((event) => {
      if (event.kind === 'assigned') this.#begin(turn, event.share);
      // Now and then somebody is too slow: then the share is taken away.
      if (event.kind === 'revoked') this.#giveBack(turn, event.share).catch((error) => this.violated(String(error)));
    });
    return partitioner;
  }

  #begin({ name: member }: Turn, share: Share): void {
    const { holders } = this.#owned.get(share.name) as Ownership;
    holders.enter({ name: `${member} ${share.name}`, fence: share.fence, believes: () => share.state === 'held' });
    this.#write(member, share);
  }

  async #giveBack(turn: Turn, share: Share): Promise<void> {
    await pause(turn, 600);
    this.#write(turn.name, share);
    await share.release();
  }

  #write(member: string, share: Share): void {
    if (share.state !== 'held') return;
    const { store } = this.#owned.get(share.name) as Ownership;
    // One member may own a name several times, by several sessions: each of them is another writer.
    const writer = `${member} ${share.path}`;
    if (store.write({ writer, fence: share.fence }) === 'late') this.violated(`${member} is late for ${share.name}`);
  }
}
