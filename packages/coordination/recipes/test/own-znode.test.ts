import { expect, test } from '@jest/globals';
import { ClientError, type Coordination } from '@reeve/client';
import { OwnZnode } from '../src/line/own-znode.ts';

const refusal = (code: 'no_node' | 'no_auth') => new ClientError({ code, outcome: 'failed' }, code);

/** A service whose servers look at the access list of a parent before they look for the znode, as ZooKeeper's do. */
function service(there: readonly string[], closed: readonly string[]) {
  const znodes = new Set(['', ...there]);
  const create = async (path: string, _data: unknown, { mode = 'persistent' } = {}) => {
    const parent = path.slice(0, path.lastIndexOf('/'));
    if (!znodes.has(parent)) throw refusal('no_node');
    if (closed.includes(parent)) throw refusal('no_auth');
    const created = mode === 'ephemeral_sequential' ? `${path}0000000000` : path;
    znodes.add(created);
    return created;
  };
  return { znodes, client: { create } as unknown as Coordination };
}

const data = Buffer.alloc(0);

test('a line is begun where nothing may be created above it', async () => {
  const { client } = service(['/team', '/team/locks'], ['', '/team']);
  const own = new OwnZnode(client, { path: '/team/locks/x', name: 'lock-', data });
  await own.create(new AbortController().signal);
  expect(own.path).toMatch(/^\/team\/locks\/x\/_c_.*-lock-0000000000$/);
});

test('a line is begun with all that is missing above it', async () => {
  const { client, znodes } = service([], []);
  await new OwnZnode(client, { path: '/team/locks/x', name: 'lock-', data }).create(new AbortController().signal);
  expect([...znodes]).toEqual(['', '/team', '/team/locks', '/team/locks/x', expect.stringContaining('lock-')]);
});
