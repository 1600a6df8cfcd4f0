import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { silent } from '@reeve/base';
import { CertificateAuthority, fourLetterWord, freePort, RawClient } from '@reeve/testkit';
import { serveAdmin } from '../src/admin-server.ts';
import { clientOf, halfAsked, type Served, served } from './served.ts';

const tlsDefaults = {
  trustStore: undefined,
  clientAuth: 'none',
  versionMin: 'TLSv1.2',
  versionMax: 'TLSv1.3',
  ciphers: undefined,
  handshakeMs: 5_000,
  handshakesMax: 250,
  reload: 'never',
} as const;

let running: Served;
let client: RawClient;

beforeAll(async () => {
  running = await served({ initialConfiguration: 'tickTime=2000\n' });
  client = await clientOf(running.coordinator);
});
afterAll(async () => {
  await client.destroy();
  await running.stop();
});

describe('the admin server', () => {
  test('lists its commands as links', async () => {
    const list = await running.ask('/commands');
    expect(list.headers.get('content-type')).toMatch(/^text\/html/);
    const text = await list.text();
    expect(text).toContain('<a href="/commands/configuration">configuration</a>\n<br/>\n');
    expect(text.match(/href/g)).toHaveLength(26);
    expect(await (await running.ask('/commands/')).text()).toBe(text);
  });

  test('answers a command by its name and by its four letters', async () => {
    const { status, headers } = await running.ask('/commands/ruok');
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(await running.run('ruok')).toEqual({ command: 'ruok', error: null });
    expect(await running.run('wchs')).toEqual(await running.run('watch_summary'));
    expect(await running.run('initial_configuration')).toMatchObject({ initial_configuration: 'tickTime=2000\n' });
  });

  test('writes session ids in full, as ZooKeeper does', async () => {
    const id = BigInt.asIntN(64, BigInt(`0x${client.ticket.sessionId}`));
    expect(id > BigInt(Number.MAX_SAFE_INTEGER)).toBe(true);
    const text = async (command: string) => (await running.ask(`/commands/${command}`)).text();
    expect(await text('connections')).toContain(`"session_id": ${id},`);
    expect(await text('dump')).toMatch(new RegExp(`"\\d+000": \\[\\s+${id}\\s+\\]`));
    expect(await text('dump')).toMatch(new RegExp(`"${id}": \\[\\s+"/here"\\s+\\]`));
    expect(await text('watches')).toContain(`"${id}": [`);
    expect(await text('watches_by_path')).toMatch(new RegExp(`"/here": \\[\\s+${id}\\s+\\]`));
  });

  test('says of a command that is not there, in the answer, that it is unknown', async () => {
    expect(await running.run('nonsense')).toEqual({ command: 'nonsense', error: 'Unknown command: nonsense' });
    expect(await running.run('ruok/x')).toEqual({ command: 'ruok/x', error: 'Unknown command: ruok/x' });
  });

  test('sets the trace mask when it is told one', async () => {
    const wanted = 'setTraceMask requires long traceMask argument';
    expect(await running.run('set_trace_mask')).toEqual({ command: 'set_trace_mask', error: wanted });
    expect(await running.run('stmk?traceMask=x')).toMatchObject({ error: `${wanted}, got x` });
    expect(await running.run('set_trace_mask?traceMask=12')).toMatchObject({ tracemask: 12, error: null });
    expect(await running.run('get_trace_mask')).toMatchObject({ tracemask: 12 });
    expect(await fourLetterWord(running.coordinator.port, 'gtmk')).toBe('12');
  });

  test('tells what four-letter words tell', async () => {
    const { port } = running.coordinator;
    const mntr = (await fourLetterWord(port, 'mntr')).trim().split('\n');
    const names = mntr.map((line) => line.split('\t')[0]?.replace(/^zk_/, ''));
    const { command, error, ...monitor } = await running.run('monitor');
    expect([command, error]).toEqual(['monitor', null]);
    expect(Object.keys(monitor)).toEqual(names);
    expect(monitor).toMatchObject({ znode_count: 5, watch_count: 1, ephemerals_count: 1, server_state: 'standalone' });
    expect(await fourLetterWord(port, 'conf')).toContain(`clientPort=${port}\n`);
    expect(await running.run('configuration')).toMatchObject({ client_port: port, tick_time: 2000 });
  });

  test('begins statistics anew when it is told to', async () => {
    expect(await running.run('stats')).toMatchObject({
      server_stats: { client_response_stats: { max_buffer_size: 89 } },
    });
    await running.run('stat_reset');
    await running.run('connection_stat_reset');
    expect(await running.run('server_stats')).toMatchObject({
      server_stats: { packets_received: 0, client_response_stats: { last_buffer_size: -1 } },
    });
    expect(await running.run('connections')).toMatchObject({ connections: [{ packets_received: 0 }] });
  });

  test('has no snapshot to tell of before there is one', async () => {
    expect(await running.run('last_snapshot')).toMatchObject({ zxid: 'ffffffffffffffff', timestamp: -1 });
  });

  test('answers GET and HEAD alone, and says so', async () => {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const { status, headers } = await running.ask('/commands/ruok', { method });
      expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
    }
    expect((await running.ask('/commands', { method: 'OPTIONS' })).headers.get('allow')).toBe('GET, HEAD, OPTIONS');
    const head = await running.ask('/commands/ruok', { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '41', '']);
  });

  test('has nothing beside the commands', async () => {
    expect((await running.ask('/')).status).toBe(404);
    expect((await running.ask('/commandsX')).status).toBe(404);
    expect((await running.ask('/commands/%')).status).toBe(400);
  });

  test('says which setting to change when its port is taken', async () => {
    const { adminPort: port } = running;
    const serving = serveAdmin(
      { host: '127.0.0.1', port, commandUrl: '/commands', idleMs: 1 },
      () => running.coordinator.report(),
      silent,
    );
    const message = `127.0.0.1:${port} is in use: stop what listens there, or choose another (admin.serverPort, --admin-port)`;
    await expect(serving).rejects.toMatchObject({ code: 'port_in_use', message });
  });
});

describe('connections', () => {
  test('over TLS are listed apart', async () => {
    const authority = new CertificateAuthority();
    const { both } = authority.issue({ subject: '/CN=server' });
    const keyStore = {
      setting: 'ssl.keyStore.location',
      location: both,
      type: undefined,
      password: '',
      passwordPath: undefined,
    } as const;
    const tls = { ...tlsDefaults, keyStore };
    const { coordinator, run, stop } = await served({ securePort: 0, tls });
    const inside = await RawClient.secure(coordinator.securePort, { ca: readFileSync(authority.cert) });
    const outside = await RawClient.open(coordinator.port);
    for (const command of ['connections', 'stats']) {
      const { connections, secure_connections: secure } = await run(command);
      expect([connections, secure]).toEqual([[expect.anything()], [expect.anything()]]);
      expect(secure).toMatchObject([{ remote_socket_address: `127.0.0.1:${inside.socket.localPort}` }]);
    }
    await inside.destroy();
    await outside.destroy();
    await stop();
  });

  test('that fail to prove who they are are counted', async () => {
    const { coordinator, run, stop } = await served();
    const stranger = await RawClient.open(coordinator.port);
    await stranger.request('auth', { type: 0, scheme: 'nonsense', auth: Buffer.from('x') });
    expect(await run('monitor')).toMatchObject({ auth_failed_count: 1 });
    expect(await run('server_stats')).toMatchObject({ server_stats: { auth_failed_count: 1 } });
    await stranger.destroy();
    await stop();
  });
});

describe('an admin server of a member without a quorum', () => {
  test('tells how far the member is, and its figures, and of all else that it does not serve', async () => {
    const ports = await Promise.all(Array.from({ length: 6 }, freePort));
    const members = [1, 2, 3].map((id) => {
      const place = `127.0.0.1:${ports[2 * id - 2]}:${ports[2 * id - 1]}`;
      return { id, role: 'participant' as const, place };
    });
    const limits = { initTimeoutMs: 5_000, syncTimeoutMs: 5_000, connectTimeoutMs: 1_000 };
    const { run, stop } = await served({
      ensemble: {
        id: 2,
        membership: { version: 0, members },
        listenOn: 'own_address',
        ...limits,
        security: { secretFile: undefined, tls: undefined },
        readOnlyMode: 'disabled',
        leaderServes: 'clients',
        dynamicConfigFile: undefined,
      },
    });
    expect(await run('zabstate')).toMatchObject({ myid: 2, is_leader: false, voting: true, zabstate: 'election' });
    expect(await run('monitor')).toMatchObject({ looking_count: 1, peer_state: 'looking - election' });
    for (const command of ['leader', 'ruok', 'server_stats', 'voting_view', 'watches']) {
      const error = 'This ZooKeeper instance is not currently serving requests';
      expect(await run(command)).toEqual({ command, error });
    }
    await stop();
  });
});

describe('an admin server whose client is slow', () => {
  test('closes a connection that says nothing, or only half of what it wants', async () => {
    const impatient = await served({}, { idleMs: 100 });
    const mute = halfAsked(impatient.adminPort, '');
    const half = halfAsked(impatient.adminPort, 'GET /commands/ruok HTTP/1.1\r\nHost: ');
    await mute.ended;
    await half.ended;
    expect(await impatient.run('ruok')).toEqual({ command: 'ruok', error: null });
    await impatient.stop();
  });

  test('stops all the same', async () => {
    const stopping = await served();
    const half = halfAsked(stopping.adminPort, 'GET /commands/ruok HTTP/1.1\r\n');
    await new Promise((resolve) => half.socket.once('connect', resolve));
    await stopping.stop();
    await half.ended;
    const again = createServer().listen(stopping.adminPort, '127.0.0.1');
    await new Promise((resolve) => again.once('listening', resolve));
    await new Promise((resolve) => again.close(resolve));
  });
});
