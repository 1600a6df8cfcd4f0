import { rmSync } from 'node:fs';
import { createServer as createNetServer } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually, fourLetterWord, RawClient, temporaryDirectory } from '@reeve/testkit';
import { coordinatorConfig, type GivenConfig } from '../src/config.ts';
import { type Coordinator, createServer } from '../src/coordinator.ts';

const running: Coordinator[] = [];
const clients: RawClient[] = [];

async function started(dataDirectory: string, changes: Partial<GivenConfig> = {}): Promise<Coordinator> {
  const coordinator = await createServer(coordinatorConfig({ dataDirectory, port: 0, ...changes }));
  running.push(coordinator);
  return coordinator;
}

async function connected({ port }: Coordinator, ticket?: Parameters<typeof RawClient.open>[1]): Promise<RawClient> {
  const client = await RawClient.open(port, ticket);
  clients.push(client);
  return client;
}

afterEach(async () => {
  for (const client of clients.splice(0)) await client.destroy();
  for (const coordinator of running.splice(0)) await coordinator.stop();
});

describe('a coordinator', () => {
  test('keeps znodes and sessions over a restart', async () => {
    const directory = temporaryDirectory();
    const first = await started(directory);
    const client = await connected(first);
    expect((await client.create('/kept', 'as it was')).error).toBe('ok');
    expect((await client.create('/mine', '', 1)).error).toBe('ok');
    const { ticket } = client;
    await running.splice(0)[0]?.stop();
    await client.ended;
    const second = await started(directory);
    expect(second.recovered).toMatchObject({ entries: 3, lastZxid: 3, tornBytes: 0 });
    const again = await connected(second, ticket);
    expect(again.welcome?.sessionId).toBe(ticket.sessionId);
    expect(await again.data('/kept')).toBe('as it was');
    expect(await again.exists('/mine')).toBe(true);
  });

  test('does not reopen a session for a wrong password', async () => {
    const coordinator = await started(temporaryDirectory());
    const { ticket } = await connected(coordinator);
    const thief = await connected(coordinator, { ...ticket, password: Buffer.alloc(16, 7) });
    expect(thief.welcome?.timeoutMs).toBe(0);
    await thief.ended;
  });

  test('restores from snapshots and the log after them, and keeps few of them', async () => {
    const directory = temporaryDirectory();
    const changes = { snapshotEntries: 20, snapshotsKept: 2 };
    const client = await connected(await started(directory, changes));
    for (let i = 0; i < 100; i += 1) expect((await client.create(`/n${i}`, `${i}`)).error).toBe('ok');
    await running.splice(0)[0]?.stop();
    const second = await started(directory, changes);
    expect(second.recovered.snapshotZxid).toBeGreaterThan(40);
    expect(second.recovered.lastZxid).toBe(101);
    const again = await connected(second);
    for (let i = 0; i < 100; i += 1) expect(await again.data(`/n${i}`)).toBe(`${i}`);
  });

  test('answers everything that was asked before it stops', async () => {
    const directory = temporaryDirectory();
    const client = await connected(await started(directory));
    const answers = Array.from({ length: 500 }, (_, i) => client.create(`/n${i}`));
    await answers[0];
    await running.splice(0)[0]?.stop();
    const created = (await Promise.all(answers)).filter(({ error }) => error === 'ok').length;
    const again = await connected(await started(directory));
    for (let i = 0; i < created; i += 1) expect(await again.exists(`/n${i}`)).toBe(true);
    expect(await again.exists(`/n${created}`)).toBe(false);
  });

  test('lets nobody else use its directory', async () => {
    const directory = temporaryDirectory();
    await started(directory);
    await expect(started(directory)).rejects.toMatchObject({ code: 'directory_locked' });
  });

  test('says so when its port is taken, and lets go of the directory', async () => {
    const other = createNetServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
    const directory = temporaryDirectory();
    await expect(started(directory, { port })).rejects.toMatchObject({
      code: 'port_in_use',
      message: `127.0.0.1:${port} is in use: stop what listens there, or choose another port (clientPort, --port)`,
    });
    await new Promise((resolve) => other.close(resolve));
    await started(directory, { port });
  });

  test('says so when its address is none of this machine', async () => {
    await expect(started(temporaryDirectory(), { host: '203.0.113.1' })).rejects.toMatchObject({
      code: 'address_unknown',
    });
  });
});

describe('a client that', () => {
  test('announces too large a frame is closed, and nobody else', async () => {
    const coordinator = await started(temporaryDirectory(), { frameBytesMax: 4096 });
    const [rude, polite] = [await connected(coordinator), await connected(coordinator)];
    expect((await rude.create('/large', 'x'.repeat(5000))).error).toBe('lost');
    expect(await polite.exists('/large')).toBe(false);
  });

  test('sends garbage is closed, and nobody else', async () => {
    const coordinator = await started(temporaryDirectory());
    const [rude, polite] = [await RawClient.silent(coordinator.port), await connected(coordinator)];
    rude.socket.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await rude.ended;
    expect((await polite.create('/fine')).error).toBe('ok');
  });

  test('says nothing is closed after five ticks', async () => {
    const coordinator = await started(temporaryDirectory(), { tickMs: 20 });
    const mute = await RawClient.silent(coordinator.port);
    await mute.ended;
  });

  test('comes when its address has too many connections is closed at once', async () => {
    const coordinator = await started(temporaryDirectory(), { connectionsPerAddressMax: 2 });
    const first = await connected(coordinator);
    await connected(coordinator);
    const third = await RawClient.silent(coordinator.port);
    await third.ended;
    await first.destroy();
    const welcome = async () => (await connected(coordinator)).welcome;
    await eventually(welcome, { what: 'a place is free again' });
  });

  test('does not read its replies is not read from either, and gets them all later', async () => {
    const coordinator = await started(temporaryDirectory(), { fourLetterWords: 'all' });
    const client = await connected(coordinator);
    await client.create('/large', 'x'.repeat(500_000));
    client.socket.pause();
    const answers = Array.from({ length: 200 }, () => client.request('getData', { path: '/large', watch: false }));
    const answered = async () => Number(/sent=(\d+),sid/.exec(await fourLetterWord(coordinator.port, 'cons'))?.[1]);
    const settled = async () => {
      const before = await answered();
      return before > 2 && before === (await answered());
    };
    await eventually(settled, { what: 'requests are answered until the socket is full' });
    expect(await answered()).toBeLessThan(150);
    client.socket.resume();
    const sizes = (await Promise.all(answers)).map(({ body }) => body.length > 500_000);
    expect(sizes).toEqual(Array.from({ length: 200 }, () => true));
  });

  test('never reads what its watches tell is given up', async () => {
    const coordinator = await started(temporaryDirectory());
    const [deaf, writer] = [await connected(coordinator), await connected(coordinator)];
    const path = `/${'long'.repeat(500)}`;
    await writer.create(path);
    await deaf.request('addWatch', { path, mode: 0 });
    deaf.socket.pause();
    const change = { op: 'setData', path, data: null, version: -1 } as const;
    const batch = Array.from({ length: 400 }, () => change);
    const gone = new Promise((resolve) => deaf.socket.on('error', resolve).on('close', resolve));
    for (let i = 0; i < 60; i += 1) expect((await writer.request('multi', batch)).error).toBe('ok');
    deaf.socket.resume();
    await gone;
    expect(deaf.notifications).toBeLessThan(60 * 400);
  });
});

describe('a four-letter word', () => {
  test('is answered in place of a handshake, even letter by letter', async () => {
    const { port } = await started(temporaryDirectory(), { fourLetterWords: 'all' });
    expect(await fourLetterWord(port, 'ruok')).toBe('imok');
    const slow = await RawClient.silent(port);
    const said: string[] = [];
    slow.socket.removeAllListeners('data').setEncoding('latin1');
    slow.socket.on('data', (text: string) => void said.push(text));
    for (const letter of 'isro') slow.socket.write(letter);
    await slow.ended;
    expect(said.join('')).toBe('rw');
  });

  test('that is not allowed says so', async () => {
    const { port } = await started(temporaryDirectory());
    expect(await fourLetterWord(port, 'mntr')).toBe('mntr is not executed because it is not in the whitelist.\n');
    expect(await fourLetterWord(port, 'srvr')).toContain('Mode: standalone');
  });

  test('tells of connections, sessions, ephemerals and watches', async () => {
    const coordinator = await started(temporaryDirectory(), { fourLetterWords: 'all' });
    const client = await connected(coordinator);
    await client.create('/here', '', 1);
    await client.request('getData', { path: '/here', watch: true });
    const id = `0x${client.ticket.sessionId.replace(/^0+/, '')}`;
    const cons = await fourLetterWord(coordinator.port, 'cons');
    expect(cons).toMatch(new RegExp(`recved=3,sent=3,sid=${id},lop=GETD,est=\\d+,to=10000,lcxid=0x2,lzxid=0x2,`));
    expect(await fourLetterWord(coordinator.port, 'dump')).toContain(
      `Sessions with Ephemerals (1):\n${id}:\n\t/here\n`,
    );
    expect(await fourLetterWord(coordinator.port, 'wchs')).toBe('1 connections watching 1 paths\nTotal watches:1\n');
    expect(await fourLetterWord(coordinator.port, 'wchc')).toBe(`${id}\n\t/here\n\n`);
    expect(await fourLetterWord(coordinator.port, 'wchp')).toBe(`/here\n\t${id}\n\n`);
    const mntr = new Map(
      (await fourLetterWord(coordinator.port, 'mntr')).split('\n').map((line) => line.split('\t') as [string, string]),
    );
    expect(mntr.get('zk_ephemerals_count')).toBe('1');
    expect(mntr.get('zk_watch_count')).toBe('1');
    expect(Number(mntr.get('zk_max_latency'))).toBeGreaterThanOrEqual(0);
    expect(mntr.get('zk_cnt_updatelatency')).toBe('2');
    expect(mntr.get('zk_cnt_readlatency')).toBe('1');
    expect(mntr.get('zk_cnt_fsynctime')).toBe('2');
    expect(mntr.get('zk_avg_sync_processor_batch_size')).toBe('1.0');
    expect(mntr.get('reeve_coordinator_read_only')).toBe('0');
    const when = String.raw`\w{3} \w{3} \d\d [\d:]{8} UTC \d{4}`;
    expect(await fourLetterWord(coordinator.port, 'dump')).toMatch(
      new RegExp(`^SessionTracker dump:\nSession Sets \\(1\\)/\\(1\\):\n1 expire at ${when}:\n\t${id}\n`),
    );
  });

  test('keeps the trace mask that it is told', async () => {
    const { port } = await started(temporaryDirectory(), { fourLetterWords: 'all' });
    expect(await fourLetterWord(port, 'gtmk')).toBe('306');
    expect(await fourLetterWord(port, `stmk${'\0'.repeat(7)}\x0c`)).toBe('12');
    expect(await fourLetterWord(port, 'gtmk')).toBe('12');
  });

  test('is answered even when the directory is gone', async () => {
    const directory = temporaryDirectory();
    const { port } = await started(directory, { fourLetterWords: 'all' });
    rmSync(directory, { recursive: true });
    expect(await fourLetterWord(port, 'dirs')).toBe('datadir_size: 0\nlogdir_size: 0\n');
  });
});
