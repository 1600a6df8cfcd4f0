import { expect, test } from '@jest/globals';
import { ClientError, type Coordination, type Stat, type Znode } from '@reeve/client';
import fc from 'fast-check';
import { DataFollower } from '../src/mirrors/data-follower.ts';
import { TreePicture } from '../src/mirrors/tree-picture.ts';

const paths = ['/r', '/r/a', '/r/b', '/r/a/x', '/r/a/y', '/r/b/x'];
const parentOf = (path: string) => path.slice(0, path.lastIndexOf('/'));
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A service and one connection to it: requests and answers stay in order, and take as long as the test wants. */
class Wire {
  readonly tree = new Map<string, Znode>();
  readonly told = new Set<string>();
  readonly wrong: string[] = [];
  readonly follower: DataFollower;
  readonly #heard = new TreePicture('/r');
  readonly #requests: (() => void)[] = [];
  #arriving: { readonly kind: 'event' | 'answer'; readonly deliver: () => void }[] = [];
  #zxid = 0;
  listed = 0;

  constructor() {
    const client = {
      state: 'connected',
      onSession: () => () => undefined,
      getData: (path: string) =>
        new Promise((resolve, reject) => {
          this.#requests.push(() => {
            const znode = this.tree.get(path);
            const gone = new ClientError({ code: 'no_node', outcome: 'failed' }, path);
            const deliver = () => (znode === undefined ? reject(gone) : resolve(znode));
            this.#arriving.push({ kind: 'answer', deliver });
          });
        }),
    } as unknown as Coordination;
    this.follower = new DataFollower({
      client,
      root: '/r',
      ended: new AbortController().signal,
      tell: (event) => {
        const isSame = event.kind !== 'changed' || event.znode.stat.czxid === event.before.stat.czxid;
        if (!isSame) this.wrong.push(`${event.path} changed from one life to another`);
        this.#hear(event.kind, event.path);
      },
      onListed: () => {
        this.listed += 1;
      },
      onFailure: (error) => this.wrong.push(String(error)),
    });
  }

  /** Somebody writes to the service: creates, sets or deletes, whichever is possible. */
  write(path: string): void {
    const znode = this.tree.get(path);
    const hasChildren = [...this.tree.keys()].some((each) => parentOf(each) === path);
    this.#zxid += 1;
    if (znode === undefined) {
      if (path !== '/r' && !this.tree.has(parentOf(path))) return;
      this.#put(path, this.#zxid);
      this.#arriving.push({ kind: 'event', deliver: () => this.#added(path) });
    } else if (hasChildren || this.#zxid % 2 === 0) {
      this.#put(path, znode.stat.czxid);
      this.#arriving.push({ kind: 'event', deliver: () => this.follower.push({ kind: 'changed', path }) });
    } else {
      this.tree.delete(path);
      this.#arriving.push({ kind: 'event', deliver: () => this.#removed(path) });
    }
  }

  serve(): void {
    this.#requests.shift()?.();
  }

  async arrive(): Promise<void> {
    this.#arriving.shift()?.deliver();
    await turn();
  }

  /** The connection is lost, with the events on their way; the next one lists the tree and reads it again. */
  cut(): void {
    // The client asks again for reads that were lost; that their answers are as old as this is the worst case.
    this.#arriving = this.#arriving.filter(({ kind }) => kind === 'answer');
    this.follower.readAgain();
    for (const path of [...this.#heard.all()].reverse()) if (!this.tree.has(path)) this.#removed(path);
    for (const path of paths) if (this.tree.has(path)) this.#added(path);
    this.follower.push({ kind: 'listed', listing: 1 });
  }

  async settle(): Promise<void> {
    for (let idle = 0; idle < 3; idle += 1) {
      if (this.#requests.length > 0 || this.#arriving.length > 0) idle = 0;
      this.serve();
      await this.arrive();
    }
  }

  #put(path: string, czxid: number): void {
    const stat = { czxid, mzxid: this.#zxid } as Stat;
    this.tree.set(path, { data: Buffer.from(String(this.#zxid)), stat });
  }

  #added(path: string): void {
    if (this.#heard.add(path)) this.follower.push({ kind: 'created', path });
  }

  #removed(path: string): void {
    for (const gone of this.#heard.remove(path)) this.follower.push({ kind: 'deleted', path: gone });
  }

  #hear(kind: string, path: string): void {
    if (this.told.has(path) === (kind === 'created')) this.wrong.push(`${path} ${kind} out of turn`);
    const below = [...this.told].some((each) => parentOf(each) === path);
    if (kind === 'deleted' && below) this.wrong.push(`${path} deleted before its children`);
    if (kind === 'created') this.told.add(path);
    if (kind === 'deleted') this.told.delete(path);
  }
}

const write = (path: string) => ({ kind: 'write' as const, path });

const deed = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...paths).map(write) },
  { weight: 4, arbitrary: fc.constant({ kind: 'serve' as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'arrive' as const }) },
);

test('what is told follows from itself, and equals the service when all has arrived', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { maxLength: 120 }), async (deeds) => {
      const wire = new Wire();
      for (const each of deeds) {
        if (each.kind === 'write') wire.write(each.path);
        else if (each.kind === 'serve') wire.serve();
        else await wire.arrive();
      }
      await wire.settle();
      expect(wire.wrong).toEqual([]);
      expect([...wire.told].sort()).toEqual([...wire.tree.keys()].sort());
      for (const [path, { data }] of wire.tree) expect(wire.follower.get(path)?.data).toEqual(data);
    }),
    { numRuns: 300 },
  );
}, 60_000);

test('so it does when events are lost with a connection in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { maxLength: 60 }), fc.array(deed, { maxLength: 60 }), async (first, second) => {
      const wire = new Wire();
      const play = async (deeds: typeof first) => {
        for (const each of deeds) {
          if (each.kind === 'write') wire.write(each.path);
          else if (each.kind === 'serve') wire.serve();
          else await wire.arrive();
        }
      };
      await play(first);
      wire.cut();
      await play(second);
      await wire.settle();
      expect(wire.wrong).toEqual([]);
      expect(wire.listed).toBe(1);
      expect([...wire.told].sort()).toEqual([...wire.tree.keys()].sort());
      for (const [path, { data }] of wire.tree) expect(wire.follower.get(path)?.data).toEqual(data);
    }),
    {
      numRuns: 300,
      examples: [[[write('/r'), { kind: 'arrive' }, { kind: 'serve' }, write('/r')], []]],
    },
  );
}, 60_000);
