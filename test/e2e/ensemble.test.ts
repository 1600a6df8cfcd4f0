import { describe, expect, test } from '@jest/globals';
import { eventually, type PeerNetwork, RawClient, startReeveEnsemble } from '@reeve/testkit';
import { becomes, ensembleCases, STEP_MS_MAX, TEST_MS_MAX } from './ensemble-cases.ts';

describe('an ensemble of coordinators', () => {
  const ensembleOf = ensembleCases(startReeveEnsemble);

  // Apache ZooKeeper may find no leader then: the one thread that takes connections for elections waits for the first
  // words of whoever dials, and a member that is not heard dials again and again.
  test(
    'a leader that is not heard any more is replaced',
    async () => {
      const ensemble = ensembleOf();
      const network = ensemble.network as PeerNetwork;
      const first = await ensemble.leader();
      const others = ensemble.members.filter((member) => member !== first);
      for (const other of others) network.silence({ from: first.id, to: other.id });
      const replaced = async () => (await ensemble.leader()) !== first;
      await eventually(replaced, { what: 'another one leads', deadlineMs: STEP_MS_MAX });
      await network.heal();
      await becomes(first, 'follower');
    },
    TEST_MS_MAX,
  );
});

// Apache ZooKeeper does, as the leader alone answers a sync (ZOOKEEPER-1675).
test('a leader that was replaced while it was paused answers no read behind a sync with what is old', async () => {
  const ensemble = await startReeveEnsemble();
  const first = await ensemble.leader();
  const late = await RawClient.open(first.port);
  await late.create('/k', 'old');
  first.pause();
  const replaced = async () => (await ensemble.leader()) !== first;
  await eventually(replaced, { what: 'another one leads', deadlineMs: 30_000 });
  const second = await ensemble.leader();
  const written = async () => {
    const client = await RawClient.open(second.port);
    const { error } = await client.request('setData', { path: '/k', data: Buffer.from('new'), version: -1 });
    await client.destroy();
    return error === 'ok';
  };
  await eventually(written, { what: 'the new leader takes a write' });

  const answers = Promise.all([late.request('sync', { path: '/k' }), late.data('/k')]);
  first.resume();
  const [, data] = await answers;
  expect(data).not.toBe('old');
}, 90_000);
