import { expect } from '@jest/globals';
import { type Answer, RawClient } from '@reeve/testkit';
import { noSession, ops, Reader, type SessionId } from '@reeve/wire';
import { SmallWorld, type WorldWrite, type WorldZnode } from './small-world.ts';

/** Requests in flight at a time. */
const depth = 40;

/** The world after a write, and the zxid by which the server acknowledged it. */
interface Moment {
  readonly world: SmallWorld;
  readonly zxid: number;
}

/**
 * One writer with many requests in flight, who knows what each must be answered with, and what its znodes are after any
 * of them. Its session lives through the crashes of the server.
 */
export class CrashWriter {
  readonly base: string;
  /** What was acknowledged since the last `verify`, oldest first; the first is what was there then. */
  readonly history: Moment[];
  /** The worlds of requests that were sent and not answered. */
  #unknown: SmallWorld[] = [];
  #world: SmallWorld;
  #client: RawClient | undefined;
  #ticket: RawClient['ticket'] | undefined;
  readonly #random: () => number;

  constructor(base: string, random: () => number) {
    this.base = base;
    this.#random = random;
    this.#world = new SmallWorld(base);
    this.history = [{ world: this.#world, zxid: 0 }];
  }

  /** The zxid of the last write that was acknowledged. */
  get acknowledgedZxid(): number {
    return this.history.at(-1)?.zxid ?? 0;
  }

  /** The session that owns its ephemerals. */
  get sessionId(): SessionId {
    return this.#ticket?.sessionId ?? noSession;
  }

  /** Connects, for the first time or with the session it had. */
  async connect(port: number): Promise<void> {
    this.#client = await RawClient.open(port, this.#ticket);
    expect(this.#client.welcome?.timeoutMs).toBeGreaterThan(0);
    this.#ticket = this.#client.ticket;
    expect(['ok', 'node_exists']).toContain((await this.#client.create(this.base)).error);
  }

  /** Writes, with many requests in flight, until the connection is lost or `count` are answered. */
  async write(count = Number.POSITIVE_INFINITY, inFlight = depth): Promise<void> {
    let left = count;
    const lane = async () => {
      while (left > 0) {
        left -= 1;
        if ((await this.#one()) === 'lost') return;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
  }

  /**
   * Looks at everything, and expects it to be what it was after the last acknowledged write, or after a later one that
   * was under way. Goes on from there, and says what it is.
   */
  async verify(): Promise<SmallWorld> {
    const there = await look(this.#client as RawClient, this.base, this.sessionId);
    const possible = [(this.history.at(-1) as Moment).world, ...this.#unknown];
    const found = possible.find((world) => world.toString() === there.toString());
    expect(found === undefined ? there.toString() : 'as it was').toBe('as it was');
    this.#world = found as SmallWorld;
    this.#unknown = [];
    this.history.splice(0, this.history.length, { world: this.#world, zxid: this.acknowledgedZxid });
    return this.#world;
  }

  destroy(): Promise<void> | undefined {
    return this.#client?.destroy();
  }

  async #one(): Promise<'answered' | 'lost'> {
    const write = this.#world.anyWrite(this.#random);
    const { world, error } = this.#world.after(write);
    this.#world = world;
    this.#unknown.push(world);
    const answer = await request(this.#client as RawClient, write);
    if (answer.error === 'lost') return 'lost';
    expect([write, outcome(write, answer)]).toEqual([write, error]);
    expect(answer.zxid).toBeGreaterThan(this.acknowledgedZxid);
    this.#unknown.shift();
    this.history.push({ world, zxid: answer.zxid });
    return 'answered';
  }
}

function request(client: RawClient, { op, request: fields }: WorldWrite): Promise<Answer> {
  return client.request(op, fields as never);
}

function outcome({ op }: WorldWrite, { error, body }: Answer): string {
  if (op !== 'multi' || error !== 'ok') return error;
  const results = ops.multi.reply.decode(new Reader().reset(body));
  return results.some((result) => result.op === 'error') ? 'failed' : 'ok';
}

/** What a server has below `base`; an ephemeral counts as such when `session` owns it. */
export async function look(client: RawClient, base: string, session: string): Promise<SmallWorld> {
  const { body, error } = await client.request('getChildren2', { path: base, watch: false });
  if (error === 'no_node') return new SmallWorld(base);
  const { children, stat } = ops.getChildren2.reply.decode(new Reader().reset(body));
  const znodes = await Promise.all(
    children.map(async (name): Promise<[string, WorldZnode]> => {
      const path = `${base}/${name}`;
      const read = await client.request('getData', { path, watch: false });
      const { data, stat: own } = ops.getData.reply.decode(new Reader().reset(read.body));
      const owner = String(own.ephemeralOwner);
      expect(['no', 'mine']).toContain(owner === noSession ? 'no' : owner === session ? 'mine' : owner);
      return [path, { data: String(data), version: own.version, ephemeral: owner === noSession ? 'no' : 'yes' }];
    }),
  );
  return new SmallWorld(base, new Map(znodes), (stat.cversion + children.length) / 2);
}
