import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import {
  type ElectionEvent,
  ensurePath,
  GroupMember,
  GroupView,
  LeaderElection,
  type MirrorListener,
  TreeMirror,
} from '@reeve/recipes';
import { atTestEnd, type Engine, engineKinds, eventually, type FaultProxy, startFaultProxy } from '@reeve/testkit';

const SESSION_MS = 2_000;
const bytes = (text: string) => Buffer.from(text);

describe.each(engineKinds)('recipes on $name', ({ start }) => {
  let engine: Engine;
  let proxy: FaultProxy;
  let witness: Client;
  let root: string;
  let nth = 0;

  async function open(servers: string): Promise<Client> {
    const opened = await connect({ servers, sessionTimeoutMs: SESSION_MS, connectTimeoutMs: 500 });
    atTestEnd(() => opened.close());
    return opened;
  }

  beforeAll(async () => {
    engine = await start({ tickMs: 500 });
    witness = await open(engine.address);
  }, 60_000);

  beforeEach(async () => {
    proxy = await startFaultProxy(engine.port);
    nth += 1;
    root = await witness.create(`/recipes-${nth}`, null);
  });

  const becomes = (client: Client, state: string) =>
    eventually(() => client.state === state, { what: `the session is ${state}` });

  test('a path is made with everything above it, and made again without complaint', async () => {
    await ensurePath(witness, `${root}/a/b/c`);
    await ensurePath(witness, `${root}/a/b/c`);
    expect(await witness.getChildren(`${root}/a/b`)).toEqual(['c']);
  });

  describe('an election', () => {
    function stand(client: Client, name: string) {
      const events: ElectionEvent[] = [];
      const options = { path: `${root}/masters`, data: bytes(name) };
      const election = new LeaderElection(client, options);
      election.events.subscribe((event) => events.push(event));
      return { election, events };
    }

    const leads = (election: LeaderElection) =>
      eventually(() => election.state === 'leading', { what: 'the candidate leads' });

    test('elects the first in line, and the next one when it withdraws', async () => {
      const clients = await Promise.all([1, 2, 3].map(() => open(engine.address)));
      const candidates = clients.map((client, i) => stand(client, String(i)));
      for (const { election } of candidates) await election.start();
      const [first, second, third] = candidates as [
        (typeof candidates)[0],
        (typeof candidates)[0],
        (typeof candidates)[0],
      ];
      await leads(first.election);
      expect([second.election.state, third.election.state]).toEqual(['standing', 'standing']);
      await first.election.stop();
      await leads(second.election);
      expect(third.events).toEqual([]);
      const [elected] = [...first.events, ...second.events];
      expect(elected).toMatchObject({
        kind: 'elected',
        candidate: { path: expect.stringMatching(/-candidate-0000000000$/) },
      });
      expect(second.election.candidate?.czxid).toBeGreaterThan(
        first.events[0]?.kind === 'elected' ? first.events[0].candidate.czxid : 0,
      );
      const { data } = await witness.getData(second.election.candidate?.path ?? '');
      expect(String(data)).toBe('1');
    });

    test('a change wakes only the next in line', async () => {
      const clients = await Promise.all([1, 2, 3].map(() => open(engine.address)));
      const [first, second, third] = clients.map((client, i) => stand(client, String(i)).election);
      for (const election of [first, second, third]) await election?.start();
      await second?.stop();
      await witness.sync(root);
      expect([first?.state, third?.state]).toEqual(['leading', 'standing']);
      await first?.stop();
      await leads(third as LeaderElection);
    });

    test('a leader leads on over a lost connection', async () => {
      const client = await open(proxy.address);
      const { election, events } = stand(client, 'a');
      await election.start();
      await leads(election);
      proxy.cut();
      await becomes(client, 'suspended');
      await becomes(client, 'connected');
      await client.sync(root);
      expect([election.state, events.length]).toEqual(['leading', 1]);
    });

    test('a leader out of touch stops before its session can have expired, and another is elected after', async () => {
      const client = await open(proxy.address);
      const { election, events } = stand(client, 'a');
      await election.start();
      await leads(election);
      const other = stand(await open(engine.address), 'b');
      await other.election.start();
      await proxy.refuse();
      await eventually(() => election.state === 'lost', { what: 'the election is lost' });
      expect(other.election.state).toBe('standing');
      expect(events.at(-1)).toEqual({ kind: 'lost', reason: 'session_suspended' });
      await leads(other.election);
    });

    test('a leader that stopped leading out of touch withdraws when its session lives on', async () => {
      const client = await open(proxy.address);
      const options = { path: `${root}/masters`, data: bytes('a'), safetyMs: SESSION_MS };
      const election = new LeaderElection(client, options);
      await election.start();
      await leads(election);
      await proxy.refuse();
      await eventually(() => election.state === 'lost', { what: 'the election is lost' });
      await proxy.accept();
      await becomes(client, 'connected');
      const none = async () => (await witness.getChildren(`${root}/masters`)).length === 0;
      await eventually(none, { what: 'the candidate is gone' });
    });

    test('a candidate whose creation was not answered stands once', async () => {
      await witness.create(`${root}/masters`, null);
      const client = await open(proxy.address);
      const { election } = stand(client, 'a');
      proxy.stall('to_client');
      const starting = election.start();
      const stands = async () => (await witness.getChildren(`${root}/masters`)).length > 0;
      await eventually(stands, { what: 'the candidate stands' });
      proxy.cut();
      proxy.resume();
      await starting;
      await leads(election);
      expect(await witness.getChildren(`${root}/masters`)).toHaveLength(1);
    });

    test('is lost when somebody deletes the candidate, and with the session', async () => {
      const client = await open(engine.address);
      const deleted = stand(client, 'a');
      await deleted.election.start();
      await leads(deleted.election);
      await witness.delete(deleted.election.candidate?.path ?? '');
      await eventually(() => deleted.events.length === 2, { what: 'the loss is told' });
      expect(deleted.events[1]).toEqual({ kind: 'lost', reason: 'removed' });
      const closed = stand(client, 'b');
      await closed.election.start();
      await leads(closed.election);
      await client.close();
      expect(closed.events.at(-1)).toMatchObject({ kind: 'lost' });
    });
  });

  describe('a mirror', () => {
    let told: string[];

    function listener(): MirrorListener {
      told = [];
      const tell = (what: string) => (path: string) => told.push(`${what}${path.slice(root.length)}`);
      return {
        created: tell('+'),
        deleted: tell('-'),
        changed: tell('*'),
        refreshed: () => told.push('refreshed'),
      };
    }

    async function follow(client: Client, depth = 2): Promise<TreeMirror> {
      const mirror = new TreeMirror(client, { root, depth }, listener());
      await mirror.start();
      return mirror;
    }

    const toldIs = (...expected: string[]) =>
      eventually(() => expect(told).toEqual(expected) === undefined, { what: `told: ${expected}`, deadlineMs: 5_000 });

    test('has the whole picture when it is ready, and follows it in order', async () => {
      for (const name of ['a', 'a/1', 'b', 'b/2', 'b/2/deep']) await witness.create(`${root}/${name}`, null);
      const mirror = await follow(await open(engine.address));
      expect([...told].sort()).toEqual(['+', '+/a', '+/a/1', '+/b', '+/b/2']);
      expect(mirror.size).toBe(4);
      told.length = 0;
      await witness.multi([
        { op: 'create', path: `${root}/c` },
        { op: 'delete', path: `${root}/a/1` },
        { op: 'create', path: `${root}/c/3` },
        { op: 'setData', path: `${root}/b`, data: null },
        { op: 'create', path: `${root}/a/1` },
      ]);
      await toldIs('+/c', '-/a/1', '+/c/3', '*/b', '+/a/1');
      expect([...mirror.children(`${root}/c`)]).toEqual(['3']);
      expect([mirror.has(`${root}/c/3`), mirror.has(`${root}/b/2/deep`)]).toEqual([true, false]);
      await mirror.stop();
      await witness.create(`${root}/d`, null);
      await witness.sync(root);
      expect(told.length).toBe(5);
    });

    test('follows a root that is not there yet', async () => {
      await witness.delete(root);
      const mirror = await follow(await open(engine.address));
      expect([mirror.has(root), mirror.state]).toEqual([false, 'ready']);
      await ensurePath(witness, `${root}/a`);
      await toldIs('+', '+/a');
    });

    test('misses nothing that happens while it makes its first picture', async () => {
      const busy = await open(engine.address);
      const names = Array.from({ length: 300 }, (_, i) => `${i % 10}`);
      for (let i = 0; i < 10; i += 1) await witness.create(`${root}/${i}`, null);
      const writing = (async () => {
        for (const [i, bucket] of names.entries()) {
          const made = busy.create(`${root}/${bucket}/${i}`, null);
          if (i % 3 === 0) await made.then(() => busy.delete(`${root}/${bucket}/${i}`));
          else if (i % 50 === 1) await made;
        }
      })();
      const reader = await open(engine.address);
      const mirror = await follow(reader);
      await writing;
      await busy.sync(root);
      await reader.sync(root);
      const there: string[] = [];
      for (let i = 0; i < 10; i += 1)
        there.push(...(await witness.getChildren(`${root}/${i}`)).map((n) => `${i}/${n}`));
      const mirrored = [...mirror.children(root)].flatMap((i) =>
        [...mirror.children(`${root}/${i}`)].map((n) => `${i}/${n}`),
      );
      expect(mirrored.sort()).toEqual(there.sort());
      const balance = new Map<string, number>();
      for (const event of told)
        balance.set(event.slice(1), (balance.get(event.slice(1)) ?? 0) + (event[0] === '+' ? 1 : -1));
      expect([...balance].filter(([path, count]) => count === 1 && path.split('/').length === 3).length).toBe(
        there.length,
      );
      expect(new Set(balance.values())).toEqual(new Set([0, 1]));
    });

    test('after a lost connection tells the differences, then that all is right again', async () => {
      for (const name of ['a', 'a/1', 'b', 'b/2']) await witness.create(`${root}/${name}`, null);
      const client = await open(proxy.address);
      const mirror = await follow(client);
      told.length = 0;
      await proxy.refuse();
      await eventually(() => mirror.state === 'stale', { what: 'the mirror is stale' });
      for (const name of ['a/1', 'a']) await witness.delete(`${root}/${name}`);
      for (const name of ['b/3', 'c', 'c/4']) await witness.create(`${root}/${name}`, null);
      await proxy.accept();
      await eventually(() => told.at(-1) === 'refreshed', { what: 'the mirror is refreshed' });
      expect(mirror.state).toBe('ready');
      expect([...told].sort()).toEqual(['+/b/3', '+/c', '+/c/4', '-/a', '-/a/1', 'refreshed']);
      expect(told.indexOf('-/a/1')).toBeLessThan(told.indexOf('-/a'));
      await witness.create(`${root}/c/5`, null);
      await eventually(() => told.at(-1) === '+/c/5', { what: 'it follows on' });
    });

    test('is right at the end, however often and wherever the connection is cut', async () => {
      proxy.cutRandomly({ seed: 4711, bytesMax: 6_000 });
      const mirror = await follow(await open(proxy.address));
      for (let i = 0; i < 400; i += 1) {
        if (i % 40 === 0) await witness.create(`${root}/${i}`, null);
        else await witness.create(`${root}/${i - (i % 40)}/${i}`, null);
        if (i % 7 === 3 && i % 40 > 0) await witness.delete(`${root}/${i - (i % 40)}/${i}`);
      }
      proxy.cutRandomly({ seed: 0, bytesMax: 0 });
      proxy.cut();
      const names = await witness.getChildren(root);
      const there = await Promise.all(
        names.map(async (name) => [name, [...(await witness.getChildren(`${root}/${name}`))].sort()]),
      );
      const mirrored = () =>
        [...mirror.children(root)].map((name) => [name, [...mirror.children(`${root}/${name}`)].sort()]);
      const same = () =>
        expect(new Map(mirrored() as [string, string[]][])).toEqual(new Map(there as [string, string[]][]));
      await eventually(() => mirror.state === 'ready' && same() === undefined, { what: 'the mirror is right' });
      expect(proxy.accepted).toBeGreaterThan(3);
    });

    test('ends with the session', async () => {
      const client = await open(engine.address);
      const mirror = await follow(client);
      await client.close();
      expect(mirror.state).toBe('lost');
      await expect(follow(client)).rejects.toMatchObject({ code: 'session_over' });
    });
  });

  describe('a group', () => {
    function view(client: Client) {
      const told: string[] = [];
      const group = new GroupView(client, `${root}/workers`, {
        joined: (name, data) => told.push(`${name} joined: ${data}`),
        changed: (name, data) => told.push(`${name} changed: ${data}`),
        left: (name) => told.push(`${name} left`),
      });
      return { group, told };
    }

    const member = (client: Client, name: string, says: string) =>
      new GroupMember(client, { group: `${root}/workers`, name, data: bytes(says) });

    test('is seen as its members join, change and leave', async () => {
      const client = await open(engine.address);
      const first = member(client, 'w1', 'hello');
      await first.start();
      const { group, told } = view(witness);
      await group.start();
      expect(told).toEqual(['w1 joined: hello']);
      const second = member(await open(engine.address), 'w2', 'hi');
      await second.start();
      await eventually(() => told.length === 2, { what: 'the second has joined' });
      await first.update(bytes('bye'));
      await eventually(() => told.length === 3, { what: 'the first has changed' });
      await first.stop();
      await eventually(() => told.length === 4, { what: 'the first has left' });
      expect(told.slice(1)).toEqual(['w2 joined: hi', 'w1 changed: bye', 'w1 left']);
      expect([...group.members.keys()]).toEqual(['w2']);
      await group.stop();
    });

    test('a member that somebody deletes joins again', async () => {
      const { group, told } = view(witness);
      await group.start();
      const one = member(await open(engine.address), 'w1', 'hello');
      await one.start();
      await eventually(() => told.length === 1, { what: 'it has joined' });
      await witness.delete(one.path);
      await eventually(() => told.length === 3, { what: 'it has joined again' });
      expect(told).toEqual(['w1 joined: hello', 'w1 left', 'w1 joined: hello']);
      expect(one.state).toBe('joined');
      await group.stop();
    });

    test('a name is waited for while an earlier session may still end, and refused while it lives', async () => {
      const earlier = await open(proxy.address);
      const lives = member(earlier, 'w1', 'earlier');
      await lives.start();
      const heir = member(await open(engine.address), 'w1', 'later');
      const starting = heir.start();
      await proxy.refuse();
      await starting;
      expect(String((await witness.getData(heir.path)).data)).toBe('later');
      const rival = member(await open(engine.address), 'w1', 'rival');
      await expect(rival.start()).rejects.toMatchObject({ code: 'name_taken' });
      expect([heir.state, rival.state]).toEqual(['joined', 'lost']);
    });

    test('a member whose creation was not answered has joined all the same', async () => {
      await witness.create(`${root}/workers`, null);
      const one = member(await open(proxy.address), 'w1', 'hello');
      proxy.stall('to_client');
      const starting = one.start();
      await eventually(() => witness.exists(one.path), { what: 'the znode is there' });
      proxy.cut();
      proxy.resume();
      await starting;
      expect(one.state).toBe('joined');
      expect(await witness.getChildren(`${root}/workers`)).toEqual(['w1']);
    });
  });
});
