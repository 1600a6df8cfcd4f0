import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import { GroupMember, GroupView, PersistentEphemeral } from '@reeve/recipes';
import { atTestEnd, type Engine, engineKinds, eventually, type FaultProxy, startFaultProxy } from '@reeve/testkit';
import { LASTING_MS, SESSION_MS } from './session-times.ts';

const bytes = (text: string) => Buffer.from(text);

describe.each(engineKinds)('membership on $name', ({ start }) => {
  let engine: Engine;
  let proxy: FaultProxy;
  let witness: Client;
  let root: string;
  let nth = 0;

  async function open(servers: string, sessionTimeoutMs = SESSION_MS): Promise<Client> {
    const opened = await connect({ servers, sessionTimeoutMs, connectTimeoutMs: 500 });
    atTestEnd(() => opened.close());
    return opened;
  }

  beforeAll(async () => {
    engine = await start({ tickMs: 500 });
    witness = await open(engine.address, LASTING_MS);
  }, 60_000);

  beforeEach(async () => {
    proxy = await startFaultProxy(engine.port);
    nth += 1;
    root = await witness.create(`/membership-${nth}`, null);
  });

  describe('a group', () => {
    function view(client: Client) {
      const told: string[] = [];
      const group = new GroupView(client, { group: `${root}/workers` });
      group.events.subscribe((event) => {
        if (event.kind === 'joined' || event.kind === 'changed')
          told.push(`${event.name} ${event.kind}: ${event.data}`);
        if (event.kind === 'left') told.push(`${event.name} left`);
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
      const own: string[] = [];
      one.events.subscribe(({ kind }) => own.push(kind));
      await one.start();
      await eventually(() => told.length === 1, { what: 'it has joined' });
      await witness.delete(one.path);
      await eventually(() => told.length === 3, { what: 'it has joined again' });
      expect(told).toEqual(['w1 joined: hello', 'w1 left', 'w1 joined: hello']);
      await eventually(() => one.state === 'joined', { what: 'it knows' });
      expect(own).toEqual(['joined', 'removed', 'joined']);
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

    test('who gives up waiting for a name leaves the holder and no watch of its own', async () => {
      const holder = member(await open(engine.address), 'w1', 'holder');
      await holder.start();
      const client = await open(engine.address);
      const rival = member(client, 'w1', 'rival');
      await expect(rival.start({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      expect(rival.state).toBe('stopped');
      await client.sync(root);
      await expect(client.removeWatches(rival.path, 'any')).rejects.toMatchObject({ code: 'no_watcher' });
      expect(String((await witness.getData(rival.path)).data)).toBe('holder');
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

    test('every member sees the same list, whoever loses its connection meanwhile', async () => {
      const clients = await Promise.all(
        [proxy.address, engine.address, engine.address].map((servers) => open(servers)),
      );
      const views = clients.map((client) => view(client).group);
      for (const group of views) await group.start();
      await Promise.all(clients.map((client, i) => member(client, `w${i}`, '').start()));
      proxy.cut();
      const late = member(await open(engine.address), 'w3', '');
      await late.start();
      const all = () => views.every(({ members }) => [...members.keys()].sort().join() === 'w0,w1,w2,w3');
      await eventually(all, { what: 'all see all' });
    });
  });

  describe('a persistent ephemeral', () => {
    test('keeps what it is told to say, also when it is told so while the znode is away', async () => {
      const client = await open(engine.address);
      const kept = new PersistentEphemeral(client, { path: `${root}/deep/down`, data: bytes('1') });
      await kept.start();
      const updating = kept.update(bytes('2'));
      await witness.delete(kept.path);
      await updating;
      const says = async () => String((await witness.getData(kept.path)).data);
      await eventually(async () => (await says()) === '2', { what: 'it is back and says what it was told last' });
      await kept.stop();
      expect(await witness.exists(kept.path)).toBeUndefined();
      await expect(client.removeWatches(kept.path, 'any')).rejects.toMatchObject({ code: 'no_watcher' });
    });

    test('ends with its session, and says so', async () => {
      const kept = new PersistentEphemeral(await open(proxy.address), { path: `${root}/e`, data: bytes('1') });
      const told: string[] = [];
      kept.events.subscribe(({ kind }) => told.push(kind));
      await kept.start();
      await proxy.refuse();
      await eventually(async () => (await witness.exists(kept.path)) === undefined, {
        what: 'the session has expired',
      });
      await proxy.accept();
      await eventually(() => kept.state === 'lost', { what: 'the owner knows' });
      expect(told).toEqual(['created', 'lost']);
      await expect(kept.update(bytes('2'))).rejects.toMatchObject({ code: 'session_over' });
    });

    test('does not touch what another session has put in its place', async () => {
      const kept = new PersistentEphemeral(await open(engine.address), { path: `${root}/e`, data: bytes('1') });
      await kept.start();
      await witness.multi([
        { op: 'delete', path: kept.path },
        { op: 'create', path: kept.path, data: bytes('theirs') },
      ]);
      await eventually(() => kept.state === 'creating', { what: 'the owner knows' });
      await kept.stop();
      expect(String((await witness.getData(kept.path)).data)).toBe('theirs');
    });
  });
});
