import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Acl, type Client, connect } from '@reeve/client';
import {
  atTestEnd,
  type EngineProcess,
  eventually,
  startApacheZooKeeper,
  startReeveCoordinator,
  TestProcess,
} from '@reeve/testkit';
import { reeve } from '../e2e/fleet.ts';

const day = 86_400_000;
const superUser = ['--auth', 'digest:super:test'];
const digestAcl: readonly Acl[] = [
  { perms: 31, id: { scheme: 'digest', id: 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=' } },
  { perms: 1, id: { scheme: 'ip', id: '10.0.0.0/8' } },
  { perms: 5, id: { scheme: 'world', id: 'anyone' } },
];

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(...words: readonly string[]): Promise<Ended> {
  const child = new TestProcess(reeve(...words), { env: { NO_COLOR: '1' } });
  const { code } = await child.exited;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

function migrate(from: EngineProcess, to: EngineProcess, ...words: readonly string[]): Promise<Ended> {
  return run('migrate', '--from', from.address, '--to', to.address, ...words);
}

/** A client that may do everything. */
async function client(engine: EngineProcess): Promise<Client> {
  const auth = [{ scheme: 'digest', auth: Buffer.from('super:test') }];
  const opened = await connect({ servers: engine.address, auth });
  atTestEnd(() => opened.close());
  return opened;
}

async function fill(at: Client): Promise<void> {
  await at.create('/app', Buffer.from('data'));
  await at.create('/app/null', null);
  await at.create('/app/empty', Buffer.alloc(0));
  await at.create('/app/large', Buffer.alloc(700_000, 7));
  await at.create('/app/guarded', Buffer.from('secret'), { acl: digestAcl });
  await at.create('/app/guarded/child', Buffer.from('of a guarded one'));
  await at.create('/app/ttl', Buffer.from('t'), { mode: 'persistent_with_ttl', ttlMs: 400 * day });
  await at.create('/app/container', Buffer.from('c'), { mode: 'container' });
  await at.create('/app/container/child', null);
  await at.create('/app/Zürich', Buffer.from('ü'));
  await at.create('/app/queue', null);
  for (let i = 0; i < 12; i += 1) await at.create('/app/queue/n-', null, { mode: 'persistent_sequential' });
  for (const i of [0, 3, 11]) await at.delete(`/app/queue/n-${String(i).padStart(10, '0')}`);
  await at.create('/app/mine', null, { mode: 'ephemeral' });
}

/** The znodes with a lifetime of their own, as the files of a Reeve show them. */
async function lifetimes(target: EngineProcess): Promise<readonly string[]> {
  const { stdout } = await run('coordinator', 'inspect', '--data-dir', target.dataDirectory, '--tree', '--json');
  const items = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return items
    .filter(({ znode }) => znode?.lifetime === 'ttl' || znode?.lifetime === 'container')
    .map(({ znode }) => `${znode.path} ${znode.lifetime} ${znode.ttlMs ?? ''}`.trim())
    .sort();
}

describe.each([
  { from: 'Apache ZooKeeper', startFrom: startApacheZooKeeper, startTo: startReeveCoordinator },
  { from: 'Reeve', startFrom: startReeveCoordinator, startTo: startApacheZooKeeper },
])('reeve migrate from $from', ({ from, startFrom, startTo }) => {
  let source: EngineProcess;
  let target: EngineProcess;
  let atSource: Client;
  let atTarget: Client;

  beforeAll(async () => {
    [source, target] = await Promise.all([startFrom(), startTo()]);
    atSource = await client(source);
    atTarget = await client(target);
    await fill(atSource);
  }, 90_000);

  test('refuses access lists whose digests it is not shown', async () => {
    const { code, stderr } = await migrate(source, target, '--dry-run', '--all-persistent');
    expect(code).toBe(5);
    expect(stderr).toMatch(/the source hides the digests in the access list of \/app\/guarded.*--from-auth/);
  });

  test("says what it cannot know without the source's files, and changes nothing in a rehearsal", async () => {
    const { code, stdout, stderr } = await migrate(source, target, ...superUser, '--dry-run');
    expect(code).toBe(1);
    expect(stderr).toMatch(/20 znodes were taken for persistent: .*--from-data-dir/);
    expect(stdout).toMatch(/1 ephemerals left out/);
    expect(await atTarget.exists('/app')).toBeUndefined();
  });

  test('brings data, access lists, kinds of znodes and sequence counters over', async () => {
    const words = [...superUser, '--from-data-dir', source.dataDirectory, '--verify', '--json'];
    const { code, stdout, stderr } = await migrate(source, target, ...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [report, comparison] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(report).toMatchObject({ created: 20, containers: 1, ttls: 1, ephemerals: 1, outcome: 'equal' });
    expect(comparison).toMatchObject({ kind: 'comparison', znodes: 21, differences: [] });
    expect((await atTarget.getData('/app/null')).data).toBeNull();
    // Compared by hand: toEqual goes byte by byte, and no ping is sent meanwhile.
    expect((await atTarget.getData('/app/large')).data?.equals(Buffer.alloc(700_000, 7))).toBe(true);
    expect((await atTarget.getAcl('/app/guarded')).acl).toEqual(digestAcl);
    expect((await atTarget.getData('/app/Zürich')).data?.toString()).toBe('ü');
    expect(await atTarget.exists('/app/mine')).toBeUndefined();
    const next = { mode: 'persistent_sequential' } as const;
    expect(await atTarget.create('/app/queue/n-', null, next)).toBe('/app/queue/n-0000000012');
  });

  test('tells the target which znodes are containers and which have a time to live', async () => {
    if (from === 'Apache ZooKeeper') {
      expect(await lifetimes(target)).toEqual(['/app/container container', `/app/ttl ttl ${400 * day}`]);
      return;
    }
    await atTarget.delete('/app/container/child');
    const isReaped = async () => (await atTarget.exists('/app/container')) === undefined;
    await eventually(isReaped, { what: 'the container goes with its last child' });
  });

  test('leaves a target alone that holds something, and makes it equal when told to', async () => {
    const words = [...superUser, '--from-data-dir', source.dataDirectory];
    const refused = await migrate(source, target, ...words);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toMatch(/is not empty at the target .*--continue/);
    await atTarget.create('/extra', null);
    await atTarget.create('/extra/below', null);
    await atTarget.setData('/app', Buffer.from('other'));
    await atSource.setAcl('/app/empty', digestAcl);
    const { code, stdout } = await migrate(source, target, ...words, '--continue', '--verify');
    // What was created and deleted at the target went too far: a sequence counter cannot be set back.
    expect({ code, differences: stdout.match(/^(data|acl|missing|extra) .*$/gm) }).toEqual({
      code: 1,
      differences: null,
    });
    expect(stdout).toMatch(/^counter {3}\/app\/queue$/m);
    expect(await atTarget.exists('/extra')).toBeUndefined();
    expect((await atTarget.getData('/app')).data?.toString()).toBe('data');
    expect((await atTarget.getAcl('/app/empty')).acl).toEqual(digestAcl);
  });

  test('brings quotas over when told to, and nothing else of what the server keeps', async () => {
    const quota = '/zookeeper/quota/app';
    await atSource.create(quota, null);
    await atSource.create(`${quota}/zookeeper_limits`, Buffer.from('count=900,bytes=-1'));
    await atSource.create(`${quota}/zookeeper_stats`, Buffer.from('count=0,bytes=0'));
    const words = [...superUser, '--from-data-dir', source.dataDirectory, '--continue', '--quotas'];
    expect((await migrate(source, target, ...words)).stdout).toMatch(/ 3 created /);
    expect((await atTarget.getData(`${quota}/zookeeper_limits`)).data?.toString()).toBe('count=900,bytes=-1');
    // The target counts for itself what is used.
    const used = (await atTarget.getData(`${quota}/zookeeper_stats`)).data?.toString();
    expect(used).toMatch(/^count=(?!0,)\d+,bytes=(?!0$)\d+$/);
    expect((await migrate(source, target, ...words)).stdout).toMatch(
      / 0 created .* 0 data and 0 access lists set, 0 deleted/,
    );
  });

  test('brings 50,000 znodes over while they are being changed', async () => {
    await atSource.create('/many', null);
    await Promise.all(Array.from({ length: 50_000 }, (_, i) => atSource.create(`/many/${i}`, Buffer.from(`of ${i}`))));
    let writing = true;
    const changing = (async () => {
      for (let i = 0; writing; i += 1) {
        await Promise.all([
          atSource.setData(`/many/${i * 2}`, Buffer.from(`changed ${i}`)),
          atSource.delete(`/many/${i * 2 + 1}`),
          atSource.create('/many/fresh-', Buffer.from(`fresh ${i}`), { mode: 'persistent_sequential' }),
        ]);
      }
    })();
    const words = [...superUser, '--path', '/many', '--from-data-dir', source.dataDirectory, '--json'];
    const copying = migrate(source, target, ...words);
    const begun = async () => ((await atTarget.exists('/many'))?.numChildren ?? 0) > 1_000;
    await eventually(begun, { what: 'the copy is under way', deadlineMs: 60_000 });
    writing = false;
    await changing;
    const { code, stdout } = await copying;
    expect({ code, report: JSON.parse(stdout) }).toMatchObject({ code: 0, report: { outcome: 'equal' } });
    const compared = await migrate(source, target, ...superUser, '--path', '/many', '--dry-run', '--verify');
    expect(compared.stdout).toMatch(/^both sides are equal: \d+ znodes\n$/);
  }, 120_000);
});
