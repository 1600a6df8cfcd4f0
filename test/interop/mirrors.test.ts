import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import { ChildrenMirror, ensurePath, type MirrorEvent, NodeMirror, TreeMirror } from '@reeve/recipes';
import {
  atTestEnd,
  type Engine,
  engineKinds,
  eventually,
  type FaultProxy,
  fourLetterWord,
  startFaultProxy,
} from '@reeve/testkit';

/** Nobody is to lose it, though the machine be held up: the longest that the servers grant. */
const SESSION_MS = 10_000;
const bytes = (text: string) => Buffer.from(text);

describe.each(engineKinds)('mirrors on $name', ({ start }) => {
  let engine: Engine;
  let proxy: FaultProxy;
  let witness: Client;
  let root: string;
  let told: string[];
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
    told = [];
    root = await witness.create(`/mirrors-${nth}`, null);
  });

  const signs = { created: '+', changed: '*', deleted: '-' } as const;

  const tell = (event: MirrorEvent) => {
    if (!('path' in event)) return told.push(event.kind);
    const data = 'znode' in event && event.znode !== undefined ? `=${event.znode.data}` : '';
    return told.push(`${signs[event.kind]}${event.path.slice(root.length)}${data}`);
  };

  const toldIs = (...expected: string[]) =>
    eventually(() => expect(told).toEqual(expected) === undefined, { what: `told: ${expected}`, deadlineMs: 5_000 });

  async function follow(client: Client, depth = 2): Promise<TreeMirror> {
    const mirror = new TreeMirror(client, { root, depth });
    mirror.events.subscribe(tell);
    await mirror.start();
    return mirror;
  }

  async function keep(client: Client): Promise<TreeMirror<'kept'>> {
    const mirror = new TreeMirror(client, { root, data: 'kept' });
    mirror.events.subscribe(tell);
    await mirror.start();
    return mirror;
  }

  /** All that `client` sees below `path`, with its data. */
  async function contents(client: Client, path: string): Promise<readonly string[]> {
    const [names, { data }] = await Promise.all([client.getChildren(path), client.getData(path)]);
    const below = await Promise.all(names.map((name) => contents(client, `${path}/${name}`)));
    return [`${path}=${data}`, ...below.flat()].sort();
  }

  const mirrored = (mirror: TreeMirror<'kept'>) =>
    [...mirror.paths()].map((path) => `${path}=${mirror.get(path)?.data}`).sort();

  describe('a mirror of paths', () => {
    test('has the whole picture when it is ready, and follows it in order', async () => {
      for (const name of ['a', 'a/1', 'b', 'b/2', 'b/2/deep']) await witness.create(`${root}/${name}`, null);
      const mirror = await follow(await open(engine.address));
      expect([...told].sort()).toEqual(['+', '+/a', '+/a/1', '+/b', '+/b/2', 'ready']);
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
      await toldIs('ready', '+', '+/a');
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
      const seen = [...mirror.children(root)].flatMap((i) =>
        [...mirror.children(`${root}/${i}`)].map((n) => `${i}/${n}`),
      );
      expect(seen.sort()).toEqual(there.sort());
      const balance = new Map<string, number>();
      for (const event of told.filter((what) => what !== 'ready'))
        balance.set(event.slice(1), (balance.get(event.slice(1)) ?? 0) + (event[0] === '+' ? 1 : -1));
      expect([...balance].filter(([path, count]) => count === 1 && path.split('/').length === 3).length).toBe(
        there.length,
      );
      expect(new Set(balance.values())).toEqual(new Set([0, 1]));
    });

    test('after a lost connection tells the differences, then that all is right again', async () => {
      for (const name of ['a', 'a/1', 'b', 'b/2']) await witness.create(`${root}/${name}`, null);
      const mirror = await follow(await open(proxy.address));
      told.length = 0;
      await proxy.refuse();
      await eventually(() => mirror.state === 'stale', { what: 'the mirror is stale' });
      for (const name of ['a/1', 'a']) await witness.delete(`${root}/${name}`);
      for (const name of ['b/3', 'c', 'c/4']) await witness.create(`${root}/${name}`, null);
      await proxy.accept();
      await eventually(() => told.at(-1) === 'ready', { what: 'the mirror is ready again' });
      expect(mirror.state).toBe('ready');
      expect([...told].sort()).toEqual(['+/b/3', '+/c', '+/c/4', '-/a', '-/a/1', 'ready', 'stale']);
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
      const there = (await contents(witness, root)).map((line) => line.replace(/=.*/, '')).sort();
      const same = () => expect([...mirror.paths()].sort()).toEqual(there);
      await eventually(() => mirror.state === 'ready' && same() === undefined, { what: 'the mirror is right' });
      expect(proxy.accepted).toBeGreaterThan(3);
    });

    test('ends with the session, and says so', async () => {
      const client = await open(engine.address);
      const mirror = await follow(client);
      await client.close();
      expect([mirror.state, told.at(-1)]).toEqual(['lost', 'lost']);
      await expect(follow(client)).rejects.toMatchObject({ code: 'session_over' });
    });

    test('gives up waiting for its first picture in time, and leaves nothing behind', async () => {
      const watched = async () => (await fourLetterWord(engine.port, 'wchp')).includes(`${root}\n`);
      const other = await follow(await open(engine.address));
      expect(await watched()).toBe(true);
      await other.stop();
      const client = await open(proxy.address);
      proxy.stall();
      const mirror = new TreeMirror(client, { root });
      await expect(mirror.start({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      expect(mirror.state).toBe('stopped');
      proxy.resume();
      await client.sync(root);
      await eventually(async () => !(await watched()), { what: 'nobody watches the root' });
    });

    test('can be iterated over, until it is stopped', async () => {
      const mirror = new TreeMirror(await open(engine.address), { root });
      const seen: string[] = [];
      const reading = (async () => {
        for await (const event of mirror.events) seen.push(event.kind);
      })();
      await mirror.start();
      await witness.create(`${root}/a`, null);
      await eventually(() => mirror.has(`${root}/a`), { what: 'the child is seen' });
      await mirror.stop();
      await reading;
      expect(seen).toEqual(['created', 'ready', 'created']);
    });
  });

  describe('a mirror of data', () => {
    test('tells what was there before and what is there now, in the order of the service', async () => {
      await witness.create(`${root}/a`, bytes('1'));
      const mirror = await keep(await open(engine.address));
      expect(told).toEqual(['+=null', '+/a=1', 'ready']);
      const changes: unknown[] = [];
      mirror.events.subscribe((event) => {
        if (event.kind === 'changed') changes.push([String(event.before.data), String(event.znode.data)]);
      });
      told.length = 0;
      await witness.setData(`${root}/a`, bytes('2'));
      await toldIs('*/a=2');
      await witness.create(`${root}/b`, bytes('x'));
      await witness.delete(`${root}/a`);
      await toldIs('*/a=2', '+/b=x', '-/a');
      expect(changes).toEqual([['1', '2']]);
      expect(mirrored(mirror)).toEqual([`${root}/b=x`, `${root}=null`]);
    });

    test('finds out what changed, and what lives another life, while it was out of touch', async () => {
      for (const name of ['a', 'a/1', 'b', 'c']) await witness.create(`${root}/${name}`, bytes(name));
      const mirror = await keep(await open(proxy.address));
      await proxy.refuse();
      await eventually(() => mirror.state === 'stale', { what: 'the mirror is stale' });
      for (const name of ['a/1', 'a']) await witness.delete(`${root}/${name}`);
      for (const name of ['a', 'a/1']) await witness.create(`${root}/${name}`, bytes('anew'));
      await witness.setData(`${root}/b`, bytes('changed'));
      told.length = 0;
      await proxy.accept();
      await eventually(() => told.at(-1) === 'ready', { what: 'the mirror is ready again' });
      expect(told.slice(0, 4)).toEqual(['-/a/1', '-/a', '+/a=anew', expect.anything()]);
      expect([...told].sort()).toEqual(['*/b=changed', '+/a/1=anew', '+/a=anew', '-/a', '-/a/1', 'ready']);
      expect(mirrored(mirror)).toEqual(await contents(witness, root));
    });

    test('is right at the end, however often and wherever the connection is cut', async () => {
      proxy.cutRandomly({ seed: 815, bytesMax: 8_000 });
      const mirror = await keep(await open(proxy.address));
      for (let i = 0; i < 300; i += 1) {
        const bucket = `${root}/${i % 10}`;
        if (i < 10) await witness.create(bucket, null);
        else await witness.create(`${bucket}/${i}`, bytes(`${i}`));
        await witness.setData(bucket, bytes(`${i}`));
        if (i % 7 === 3 && i > 10) await witness.delete(`${bucket}/${i}`);
        if (i % 100 === 50) proxy.cut();
      }
      proxy.cutRandomly({ seed: 0, bytesMax: 0 });
      proxy.cut();
      const there = await contents(witness, root);
      const same = () => expect(mirrored(mirror)).toEqual(there);
      await eventually(() => mirror.state === 'ready' && same() === undefined, { what: 'the mirror is right' });
      expect(proxy.accepted).toBeGreaterThan(3);
    });

    test('leaves out what it may not read', async () => {
      const own = { scheme: 'digest', auth: bytes('a:b') };
      await witness.addAuth(own.scheme, own.auth);
      const acl = [{ perms: 31, id: { scheme: 'auth', id: '' } }];
      await witness.create(`${root}/secret`, bytes('x'), { acl });
      await witness.create(`${root}/secret/below`, bytes('y'));
      await witness.create(`${root}/open`, bytes('z'));
      const mirror = await keep(await open(engine.address));
      expect(mirrored(mirror)).toEqual([`${root}/open=z`, `${root}=null`]);
      const refused = new TreeMirror(await open(engine.address), { root: `${root}/secret` });
      await expect(refused.start()).rejects.toMatchObject({ code: 'no_auth' });
      expect(refused.state).toBe('lost');
    });
  });

  test('a mirror of one znode follows it from absence through changes to absence', async () => {
    const path = `${root}/one`;
    const mirror = new NodeMirror(await open(engine.address), { path });
    mirror.events.subscribe(tell);
    await mirror.start();
    expect([mirror.znode, told]).toEqual([undefined, ['ready']]);
    await witness.create(path, bytes('1'));
    await toldIs('ready', '+/one=1');
    await witness.create(`${path}/child`, null);
    await witness.setData(path, bytes('2'));
    await toldIs('ready', '+/one=1', '*/one=2');
    expect([String(mirror.znode?.data), mirror.znode?.stat.version]).toEqual(['2', 1]);
    await witness.delete(`${path}/child`);
    await witness.delete(path);
    await toldIs('ready', '+/one=1', '*/one=2', '-/one');
    expect(mirror.znode).toBeUndefined();
  });

  test('a mirror of children knows their names, and their data where it is asked to', async () => {
    await witness.create(`${root}/a`, bytes('1'));
    await witness.create(`${root}/a/deep`, bytes('no'));
    const client = await open(proxy.address);
    const names = new ChildrenMirror(client, { path: root });
    const data = new ChildrenMirror(client, { path: root, data: 'kept' });
    data.events.subscribe((event) => {
      if ('name' in event) told.push(`${event.kind} ${event.name}`);
      else told.push(event.kind);
    });
    await Promise.all([names.start(), data.start()]);
    expect([[...names.names], names.get('a'), String(data.get('a')?.data)]).toEqual([['a'], undefined, '1']);
    await witness.setData(`${root}/a`, bytes('2'));
    await witness.create(`${root}/b`, bytes('3'));
    await eventually(() => data.names.has('b') && names.names.has('b'), { what: 'both see the new child' });
    proxy.cut();
    await eventually(() => told.at(-1) === 'ready' && told.includes('stale'), { what: 'it is right again' });
    await witness.setData(root, bytes('the parent is no child'));
    await witness.delete(`${root}/b`);
    await eventually(() => !data.names.has('b'), { what: 'the child is gone' });
    expect(told).toEqual(['added a', 'ready', 'changed a', 'added b', 'stale', 'ready', 'removed b']);
    await names.stop();
    await data.stop();
    await expect(client.removeWatches(root, 'any')).rejects.toMatchObject({ code: 'no_watcher' });
  });
});
