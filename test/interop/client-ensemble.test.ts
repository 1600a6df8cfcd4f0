import { beforeAll, expect, test } from '@jest/globals';
import { type Client, connect, type SessionState } from '@reeve/client';
import { ensurePath, TreeMirror } from '@reeve/recipes';
import { atTestEnd, type EngineProcess, eventually, fourLetterWord, startApacheEnsemble } from '@reeve/testkit';

let members: readonly EngineProcess[];

beforeAll(async () => {
  ({ members } = await startApacheEnsemble());
}, 90_000);

/** The member that serves this session. */
function memberOf(client: Client): Promise<EngineProcess> {
  const sid = `sid=0x${client.sessionId.replace(/^0+/, '')},`;
  const serves = async (member: EngineProcess) => (await fourLetterWord(member.port, 'cons')).includes(sid);
  const search = async () => {
    for (const member of members) if (await serves(member)) return member;
    return undefined;
  };
  return eventually(search, { what: 'a member serves the session' });
}

test('a session moves to another member with its ephemerals, watches and mirrors', async () => {
  const servers = members.map(({ address }) => address).join();
  const client = await connect({ servers, sessionTimeoutMs: 8_000 });
  atTestEnd(() => client.close());
  const states: SessionState[] = [];
  client.onSession(({ to }) => states.push(to));
  await client.create('/moving', null);
  await client.create('/moving/e', null, { mode: 'ephemeral' });
  const told: string[] = [];
  await client.getData('/moving', { watch: ({ type, path }) => told.push(`${type} ${path}`) });
  const mirror = new TreeMirror(client, { root: '/moving', depth: 1 });
  await mirror.start();

  const left = await memberOf(client);
  const staying = members.find((member) => member !== left) as EngineProcess;
  const witness = await connect({ servers: staying.address, sessionTimeoutMs: 8_000 });
  atTestEnd(() => witness.close());
  await left.kill();
  await eventually(() => states.length > 0, { what: 'the connection is lost' });
  const write = async () => {
    await witness.setData('/moving', Buffer.from('x'));
    await ensurePath(witness, '/moving/new');
    return true;
  };
  await eventually(write, { what: 'the other members carry on', deadlineMs: 60_000 });
  await eventually(() => mirror.has('/moving/new'), { what: 'the mirror has caught up', deadlineMs: 60_000 });

  expect(states.slice(0, 2)).toEqual(['suspended', 'connected']);
  expect(states).not.toContain('expired');
  expect((await client.exists('/moving/e'))?.ephemeralOwner).toBe(client.sessionId);
  expect(told).toEqual(['data_changed /moving']);
  expect(await memberOf(client)).not.toBe(left);
}, 150_000);
