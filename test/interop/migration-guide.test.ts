import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import {
  atTestEnd,
  startApacheZooKeeper,
  startReeveCoordinator,
  TestProcess,
  temporaryDirectory,
} from '@reeve/testkit';
import { reeve } from '../e2e/fleet.ts';

const guide = new URL('../../docs/migrating-from-zookeeper.md', import.meta.url);

/** The commands of the guide, in order, as words. */
function commands(): readonly (readonly string[])[] {
  const lines = readFileSync(guide, 'utf8').match(/^\$ reeve .*$/gm) ?? [];
  return lines.map((line) => line.split(' ').slice(2));
}

async function client(servers: string): Promise<Client> {
  const opened = await connect({ servers, auth: [{ scheme: 'digest', auth: Buffer.from('super:test') }] });
  atTestEnd(() => opened.close());
  return opened;
}

test('the commands of the guide bring a tree to Reeve and back', async () => {
  const [zookeeper, coordinator] = await Promise.all([startApacheZooKeeper(), startReeveCoordinator()]);
  const identities = join(temporaryDirectory(), 'super.txt');
  writeFileSync(identities, 'digest:super:test\n');
  const here: Readonly<Record<string, string>> = {
    'zk1:2181': zookeeper.address,
    'reeve1:2181': coordinator.address,
    '@super.txt': `@${identities}`,
    '/var/lib/zookeeper': zookeeper.dataDirectory,
    '/var/lib/reeve': coordinator.dataDirectory,
  };
  const [atZookeeper, atReeve] = [await client(zookeeper.address), await client(coordinator.address)];
  await atZookeeper.create('/app', Buffer.from('1'));
  await atZookeeper.create('/app/container', null, { mode: 'container' });
  // What clients do between one step and the next, by the number of the step.
  const meanwhile: Readonly<Record<number, () => Promise<unknown>>> = {
    1: async () => expect(await atReeve.exists('/app')).toBeUndefined(),
    2: () => atZookeeper.setData('/app', Buffer.from('2')),
    3: async () => {
      expect((await atReeve.getData('/app')).data?.toString()).toBe('2');
      await atReeve.setData('/app', Buffer.from('3'));
    },
  };
  const all = commands();
  expect(all.map(([command]) => command)).toEqual(['migrate', 'migrate', 'migrate', 'migrate']);
  for (const [step, words] of all.entries()) {
    await meanwhile[step]?.();
    const child = new TestProcess(reeve(...words.map((word) => here[word] ?? word)), { env: { NO_COLOR: '1' } });
    const { code } = await child.exited;
    expect({ words, code, stderr: child.stderr }).toEqual({ words, code: 0, stderr: '' });
  }
  expect((await atZookeeper.getData('/app')).data?.toString()).toBe('3');
}, 90_000);
