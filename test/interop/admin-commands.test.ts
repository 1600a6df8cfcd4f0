import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  adminLibraries,
  atTestEnd,
  type EngineProcess,
  fourLetterWord,
  freePort,
  RawClient,
  startApacheZooKeeper,
  startReeveCoordinator,
} from '@reeve/testkit';

/** A server with an admin server and a client, whose doings are the same on each. */
interface Side {
  readonly engine: EngineProcess;
  readonly adminPort: number;
  readonly client: RawClient;
}

let apache: Side;
let ours: Side;

async function side(start: (config: readonly string[]) => Promise<EngineProcess>): Promise<Side> {
  const adminPort = await freePort();
  const config = ['admin.enableServer=true', `admin.serverPort=${adminPort}`, 'admin.serverAddress=127.0.0.1'];
  const engine = await start(config);
  const client = await RawClient.open(engine.port);
  // Its session is looked at by every test.
  const beats = setInterval(() => void client.request('ping', {}), 3_000);
  atTestEnd(() => clearInterval(beats));
  await client.create('/here', 'x', 1);
  await client.request('getData', { path: '/here', watch: true });
  return { engine, adminPort, client };
}

beforeAll(async () => {
  apache = await side((config) => startApacheZooKeeper({ config, libraries: adminLibraries }));
  ours = await side((config) => startReeveCoordinator({ config }));
}, 90_000);
afterAll(async () => {
  for (const { client, engine } of [apache, ours]) {
    await client.destroy();
    await engine.stop();
  }
});

async function answer({ adminPort }: Side, path: string, method = 'GET'): Promise<Response> {
  return fetch(`http://127.0.0.1:${adminPort}${path}`, { method });
}

/** An answer's names, with the kind of each value; what stands under a name of the server's own choice is left out. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  const entries = Object.entries(value).map(([name, inner]) => [/^\/|^\d/.test(name) ? 'any' : name, shape(inner)]);
  return Object.fromEntries(entries.sort());
}

async function shapeOf(where: Side, command: string): Promise<unknown> {
  return shape(await (await answer(where, `/commands/${command}`)).json());
}

/** Commands whose fields are the same by name and kind. */
const alike = [
  'configuration',
  'connection_stat_reset',
  'connections',
  'dirs',
  'get_trace_mask',
  'hash',
  'initial_configuration',
  'is_read_only',
  'last_snapshot',
  'leader',
  'observer_connection_stat_reset',
  'observers',
  'ruok',
  'server_stats',
  'set_trace_mask',
  'set_trace_mask?traceMask=12',
  'set_trace_mask?traceMask=x',
  'stat_reset',
  'stats',
  'voting_view',
  'watch_summary',
  'watches',
  'watches_by_path',
  'zabstate',
  'nonsense',
];

describe('an admin command', () => {
  test.each(alike)('%s has the fields of ZooKeeper', async (command) => {
    expect(await shapeOf(ours, command)).toEqual(await shapeOf(apache, command));
  });

  test('is listed as in ZooKeeper', async () => {
    const [real, mine] = [await answer(apache, '/commands'), await answer(ours, '/commands')];
    expect(await mine.text()).toBe(await real.text());
  });

  test.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE'])(
    'is answered to %s with the status of ZooKeeper',
    async (method) => {
      for (const path of ['/commands', '/commands/ruok', '/commands/nonsense']) {
        const { status } = await answer(apache, path, method);
        expect((await answer(ours, path, method)).status).toBe(status);
      }
    },
  );

  test('is nowhere but below its path', async () => {
    expect((await answer(ours, '/')).status).toBe((await answer(apache, '/')).status);
  });

  test('dump tells of sessions and ephemerals under the names of ZooKeeper', async () => {
    const names = async (where: Side) => Object.keys((await shapeOf(where, 'dump')) as object);
    expect(await names(ours)).toEqual(await names(apache));
    const session = BigInt.asIntN(64, BigInt(`0x${ours.client.ticket.sessionId}`));
    expect(await (await answer(ours, '/commands/dump')).text()).toContain(`"${session}": [`);
  });

  test('environment has the names of ZooKeeper, but for those of Java', async () => {
    const names = async (where: Side) => Object.keys((await shapeOf(where, 'environment')) as object);
    const mine = await names(ours);
    expect((await names(apache)).filter((name) => !name.startsWith('java.') && !mine.includes(name))).toEqual([]);
  });
});

describe('monitor', () => {
  test('has no figure under a name that ZooKeeper does not have, but for our own', async () => {
    const figures = async (where: Side) =>
      (await (await answer(where, '/commands/monitor')).json()) as Record<string, unknown>;
    const [real, mine] = [await figures(apache), await figures(ours)];
    const quantile = /^p\d+_/;
    const foreign = Object.keys(mine).filter(
      (name) => !name.startsWith('reeve_') && !quantile.test(name) && !(name in real),
    );
    // ZooKeeper tells of slow syncs in server_stats alone.
    expect(foreign).toEqual(['fsync_threshold_exceed_count']);
    for (const name of Object.keys(mine))
      if (name in real) expect([name, typeof mine[name]]).toEqual([name, typeof real[name]]);
    for (const name of ['watch_count', 'ephemerals_count', 'num_alive_connections', 'global_sessions']) {
      expect([name, mine[name]]).toEqual([name, real[name]]);
    }
  });
});

describe('a four-letter word', () => {
  test.each(['conf', 'dirs', 'dump', 'gtmk', 'hash', 'isro', 'ruok', 'srvr', 'stat', 'wchs', 'wchc', 'wchp'])(
    '%s has the form of ZooKeeper',
    async (word) => {
      const form = async ({ engine }: Side) =>
        (await fourLetterWord(engine.port, word))
          .replace(/version: .*/, 'version')
          .replace(/Dir=.*/g, 'Dir')
          .replace(/\[[01]\]/g, '[]')
          .replace(/^\d+ expire at .*\n|^Session Sets.*\n|^Connections Sets.*\n/gm, '')
          .replace(/127\.0\.0\.1:\d+/g, 'client')
          .replace(/0x[0-9a-f]+/g, '0x')
          .replace(/-?\d+(\.\d+)?/g, (figure) => (figure.includes('.') ? 'fraction' : 'figure'));
      expect(new Set((await form(ours)).split('\n'))).toEqual(new Set((await form(apache)).split('\n')));
    },
  );
});
