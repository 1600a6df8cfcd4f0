import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Client, connect, type WatchedEvent } from '@reeve/client';
import { atTestEnd, type Engine, engineKinds, eventually } from '@reeve/testkit';

describe.each(engineKinds)('a client of $name', ({ start }) => {
  let engine: Engine;
  let client: Client;
  let root: string;
  let nth = 0;

  async function open(servers = engine.address): Promise<Client> {
    const opened = await connect({ servers, sessionTimeoutMs: 4_000 });
    atTestEnd(() => opened.close());
    return opened;
  }

  beforeAll(async () => {
    engine = await start();
    client = await open();
  }, 60_000);

  async function freshRoot(): Promise<string> {
    nth += 1;
    root = `/operations-${nth}`;
    return client.create(root, null);
  }

  test('creates, reads, changes and deletes a znode', async () => {
    const path = `${await freshRoot()}/a`;
    expect(await client.create(path, Buffer.from('one'))).toBe(path);
    expect(String((await client.getData(path)).data)).toBe('one');
    expect((await client.setData(path, Buffer.from('two'), { version: 0 })).version).toBe(1);
    expect(await client.getChildren(root)).toEqual(['a']);
    await client.delete(path, { version: 1 });
    expect(await client.exists(path)).toBeUndefined();
  });

  test('null data is not empty data', async () => {
    const path = await freshRoot();
    await client.create(`${path}/null`, null);
    await client.create(`${path}/empty`, Buffer.alloc(0));
    expect((await client.getData(`${path}/null`)).data).toBeNull();
    expect((await client.getData(`${path}/empty`)).data).toEqual(Buffer.alloc(0));
  });

  test('says the path that the sequence number has made', async () => {
    const path = await freshRoot();
    expect(await client.create(`${path}/s-`, null, { mode: 'persistent_sequential' })).toBe(`${path}/s-0000000000`);
    expect(await client.create(`${path}/`, null, { mode: 'ephemeral_sequential' })).toBe(`${path}/0000000001`);
  });

  test('refusals have a code, an outcome, the operation and the path', async () => {
    const path = await freshRoot();
    const refusals: [Promise<unknown>, string, string][] = [
      [client.create(path, null), 'node_exists', 'create'],
      [client.getData(`${path}/none`), 'no_node', 'getData'],
      [client.setData(path, null, { version: 7 }), 'bad_version', 'setData'],
      [client.delete(`${path}/none`), 'no_node', 'delete'],
    ];
    for (const [request, code, op] of refusals) {
      await expect(request).rejects.toMatchObject({ code, facts: { code, op, outcome: 'failed' } });
    }
    await client.create(`${path}/child`, null);
    await expect(client.delete(path)).rejects.toMatchObject({ code: 'not_empty' });
  });

  test.each([
    ['relative', 'must start with /'],
    ['/ends/', 'must not end with /'],
    ['/a//b', 'must not hold an empty name'],
    ['/a/../b', 'must not hold a relative name'],
  ])('refuses the path %s before it is sent', async (path, why) => {
    await expect(client.getData(path)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(why),
    });
    await expect(client.multi([{ op: 'check', path }])).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  test('a transaction writes everything and answers for each part', async () => {
    const path = await freshRoot();
    const results = await client.multi([
      { op: 'create', path: `${path}/a`, data: Buffer.from('1') },
      { op: 'create', path: `${path}/s-`, mode: 'persistent_sequential' },
      { op: 'setData', path: `${path}/a`, data: Buffer.from('2'), version: 0 },
      { op: 'check', path: `${path}/a`, version: 1 },
      { op: 'delete', path: `${path}/a`, version: 1 },
    ]);
    expect(results).toEqual([
      { path: `${path}/a` },
      { path: `${path}/s-0000000001` },
      { stat: expect.objectContaining({ version: 1, dataLength: 1 }) },
      {},
      {},
    ]);
    expect(await client.getChildren(path)).toEqual(['s-0000000001']);
  });

  test('a transaction that fails names the part that failed and writes nothing', async () => {
    const path = await freshRoot();
    const parts = [
      { op: 'create', path: `${path}/a` },
      { op: 'check', path: `${path}/missing`, version: 3 },
      { op: 'create', path: `${path}/b` },
    ] as const;
    await expect(client.multi(parts)).rejects.toMatchObject({
      code: 'no_node',
      facts: { failedPart: 1, path: `${path}/missing`, outcome: 'failed' },
    });
    expect(await client.getChildren(path)).toEqual([]);
  });

  test('an empty transaction is legal', async () => {
    expect(await client.multi([])).toEqual([]);
  });

  test('a batch of reads goes on after one that fails', async () => {
    const path = await freshRoot();
    await client.create(`${path}/a`, Buffer.from('1'));
    expect(
      await client.multiRead([
        { op: 'getData', path: `${path}/a` },
        { op: 'getData', path: `${path}/none` },
        { op: 'getChildren', path },
      ]),
    ).toEqual([
      { ok: true, data: Buffer.from('1'), stat: expect.objectContaining({ version: 0 }) },
      { ok: false, code: 'no_node' },
      { ok: true, children: ['a'] },
    ]);
  });

  test('containers and znodes with a time to live are reaped', async () => {
    const path = await freshRoot();
    await client.create(`${path}/container`, null, { mode: 'container' });
    await client.create(`${path}/container/child`, null);
    await client.create(`${path}/brief`, null, { mode: 'persistent_with_ttl', ttlMs: 50 });
    await client.delete(`${path}/container/child`);
    await eventually(async () => (await client.getChildren(path)).length === 0, { what: 'both are reaped' });
  });

  test('ephemerals are listed, and go when their session is closed', async () => {
    const path = await freshRoot();
    const owner = await open();
    await owner.create(`${path}/e`, null, { mode: 'ephemeral' });
    expect(await owner.getEphemerals(path)).toEqual([`${path}/e`]);
    expect((await client.exists(`${path}/e`))?.ephemeralOwner).toBe(owner.sessionId);
    await owner.close();
    expect(owner.state).toBe('closed');
    await client.sync(path);
    expect(await client.exists(`${path}/e`)).toBeUndefined();
    await expect(owner.getData(path)).rejects.toMatchObject({ code: 'client_closed', facts: { outcome: 'failed' } });
  });

  test('counts all descendants', async () => {
    const path = await freshRoot();
    await client.create(`${path}/a`, null);
    await client.create(`${path}/a/b`, null);
    expect(await client.getAllChildrenNumber(path)).toBe(2);
  });

  test('a chroot is the root of everything the client sees', async () => {
    const path = await freshRoot();
    await client.create(`${path}/inside`, null);
    const rooted = await open(`${engine.address}${path}`);
    const events: WatchedEvent[] = [];
    const watch = await rooted.watch('/', 'persistent_recursive', (event) => events.push(event));
    expect(await rooted.create('/e', null, { mode: 'ephemeral' })).toBe('/e');
    expect(await rooted.multi([{ op: 'create', path: '/m' }])).toEqual([{ path: '/m' }]);
    expect([...(await rooted.getChildren('/'))].sort()).toEqual(['e', 'inside', 'm']);
    expect(await rooted.getEphemerals('/')).toEqual(['/e']);
    expect(events.map((event) => event.path)).toEqual(['/e', '/m']);
    await expect(rooted.getData('/none')).rejects.toMatchObject({ facts: { path: '/none' } });
    await watch.close();
    expect([...(await client.getChildren(path))].sort()).toEqual(['e', 'inside', 'm']);
  });

  test('only who presents the right identity may read what an ACL protects', async () => {
    const path = await freshRoot();
    const owner = await open();
    await owner.addAuth('digest', Buffer.from('bob:secret'));
    const acl = [{ perms: 31, id: { scheme: 'auth', id: '' } }];
    await owner.create(`${path}/private`, Buffer.from('x'), { acl });
    await expect(client.getData(`${path}/private`)).rejects.toMatchObject({ code: 'no_auth' });
    expect(String((await owner.getData(`${path}/private`)).data)).toBe('x');
    expect((await owner.getAcl(`${path}/private`)).acl).toMatchObject([{ id: { scheme: 'digest' } }]);
    await owner.setAcl(`${path}/private`, [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]);
    expect(String((await client.getData(`${path}/private`)).data)).toBe('x');
  });

  test('a refused identity ends the client', async () => {
    const stranger = await open();
    const asked = stranger.addAuth('no-such-scheme', Buffer.from('x'));
    await expect(asked).rejects.toMatchObject({ code: 'auth_failed' });
    expect(stranger.state).toBe('auth_failed');
    await expect(stranger.getChildren('/')).rejects.toMatchObject({ code: 'auth_failed' });
  });

  test('a request above the limit of the server is refused here and harms no other', async () => {
    const path = await freshRoot();
    const tooLarge = client.create(`${path}/large`, Buffer.alloc(1_100_000));
    const fine = client.create(`${path}/small`, Buffer.alloc(900_000));
    await expect(tooLarge).rejects.toMatchObject({ code: 'invalid_argument', facts: { outcome: 'failed' } });
    expect(await fine).toBe(`${path}/small`);
    expect((await client.getData(`${path}/small`)).data?.length).toBe(900_000);
  });

  test('requests made together are answered in their order', async () => {
    const path = await freshRoot();
    const order: number[] = [];
    const creates = Array.from({ length: 3_000 }, (_, i) =>
      client.create(`${path}/n-`, null, { mode: 'persistent_sequential' }).then((created) => {
        order.push(Number(created.slice(-10)));
        expect(order.at(-1)).toBe(i);
      }),
    );
    await Promise.all(creates);
    expect(order.length).toBe(3_000);
  });
});
