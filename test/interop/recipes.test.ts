import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import { type ElectionEvent, ensurePath, LeaderElection } from '@reeve/recipes';
import {
  atTestEnd,
  childrenIn,
  type Engine,
  engineKinds,
  eventually,
  type FaultProxy,
  startFaultProxy,
} from '@reeve/testkit';
import { LASTING_MS, SESSION_MS } from './session-times.ts';

const bytes = (text: string) => Buffer.from(text);

describe.each(engineKinds)('recipes on $name', ({ start }) => {
  let engine: Engine;
  let proxy: FaultProxy;
  let witness: Client;
  let root: string;
  let nth = 0;

  async function open(servers: string, sessionTimeoutMs = SESSION_MS): Promise<Client> {
    const opened = await connect({ servers, sessionTimeoutMs, connectTimeoutMs: 500 });
    atTestEnd(() => opened.close());
    return opened;
  }

  beforeAll(async () => {
    engine = await start({ tickMs: 500 });
    witness = await open(engine.address, LASTING_MS);
  }, 60_000);

  beforeEach(async () => {
    proxy = await startFaultProxy(engine.port);
    nth += 1;
    root = await witness.create(`/recipes-${nth}`, null);
  });

  const becomes = (client: Client, state: string) =>
    eventually(() => client.state === state, { what: `the session is ${state}` });

  test('a path is made with everything above it, and made again without complaint', async () => {
    await ensurePath(witness, `${root}/a/b/c`);
    await ensurePath(witness, `${root}/a/b/c`);
    expect(await witness.getChildren(`${root}/a/b`)).toEqual(['c']);
  });

  describe('an election', () => {
    function stand(client: Client, name: string) {
      const events: ElectionEvent[] = [];
      const options = { path: `${root}/masters`, data: bytes(name) };
      const election = new LeaderElection(client, options);
      election.events.subscribe((event) => events.push(event));
      return { election, events };
    }

    const leads = (election: LeaderElection) =>
      eventually(() => election.state === 'leading', { what: 'the candidate leads' });

    test('elects the first in line, and the next one when it withdraws', async () => {
      const clients = await Promise.all([1, 2, 3].map(() => open(engine.address)));
      const candidates = clients.map((client, i) => stand(client, String(i)));
      for (const { election } of candidates) await election.start();
      const [first, second, third] = candidates as [
        (typeof candidates)[0],
        (typeof candidates)[0],
        (typeof candidates)[0],
      ];
      await leads(first.election);
      expect([second.election.state, third.election.state]).toEqual(['standing', 'standing']);
      await first.election.stop();
      await leads(second.election);
      expect(third.events).toEqual([]);
      const [elected] = [...first.events, ...second.events];
      expect(elected).toMatchObject({
        kind: 'elected',
        candidate: { path: expect.stringMatching(/-candidate-0000000000$/) },
      });
      expect(second.election.candidate?.czxid).toBeGreaterThan(
        first.events[0]?.kind === 'elected' ? first.events[0].candidate.czxid : 0,
      );
      const { data } = await witness.getData(second.election.candidate?.path ?? '');
      expect(String(data)).toBe('1');
    });

    test('a change wakes only the next in line', async () => {
      const clients = await Promise.all([1, 2, 3].map(() => open(engine.address)));
      const [first, second, third] = clients.map((client, i) => stand(client, String(i)).election);
      for (const election of [first, second, third]) await election?.start();
      await second?.stop();
      await witness.sync(root);
      expect([first?.state, third?.state]).toEqual(['leading', 'standing']);
      await first?.stop();
      await leads(third as LeaderElection);
    });

    test('a leader leads on over a lost connection', async () => {
      const client = await open(proxy.address);
      const { election, events } = stand(client, 'a');
      await election.start();
      await leads(election);
      const before = proxy.accepted;
      proxy.cut();
      await eventually(() => proxy.accepted > before && client.state === 'connected', { what: 'another is there' });
      await client.sync(root);
      expect([election.state, events.length]).toEqual(['leading', 1]);
    });

    test('a leader out of touch stops before its session can have expired, and another is elected after', async () => {
      const client = await open(proxy.address);
      const { election, events } = stand(client, 'a');
      await election.start();
      await leads(election);
      const other = stand(await open(engine.address), 'b');
      await other.election.start();
      await proxy.refuse();
      await eventually(() => election.state === 'lost', { what: 'the election is lost' });
      expect(other.election.state).toBe('standing');
      expect(events.at(-1)).toEqual({ kind: 'lost', reason: 'session_suspended' });
      await leads(other.election);
    });

    test('a leader that stopped leading out of touch withdraws when its session lives on', async () => {
      const client = await open(proxy.address);
      const options = { path: `${root}/masters`, data: bytes('a'), safetyMs: SESSION_MS };
      const election = new LeaderElection(client, options);
      await election.start();
      await leads(election);
      await proxy.refuse();
      await eventually(() => election.state === 'lost', { what: 'the election is lost' });
      await proxy.accept();
      await becomes(client, 'connected');
      const none = async () => (await childrenIn(witness, `${root}/masters`)).length === 0;
      await eventually(none, { what: 'the candidate is gone' });
    });

    test('a candidate whose creation was not answered stands once', async () => {
      await witness.create(`${root}/masters`, null);
      const client = await open(proxy.address);
      const { election } = stand(client, 'a');
      proxy.stall('to_client');
      const starting = election.start();
      const stands = async () => (await witness.getChildren(`${root}/masters`)).length > 0;
      await eventually(stands, { what: 'the candidate stands' });
      proxy.cut();
      proxy.resume();
      await starting;
      await leads(election);
      expect(await witness.getChildren(`${root}/masters`)).toHaveLength(1);
    });

    test('is lost when somebody deletes the candidate, and with the session', async () => {
      const client = await open(engine.address);
      const deleted = stand(client, 'a');
      await deleted.election.start();
      await leads(deleted.election);
      await witness.delete(deleted.election.candidate?.path ?? '');
      await eventually(() => deleted.events.length === 2, { what: 'the loss is told' });
      expect(deleted.events[1]).toEqual({ kind: 'lost', reason: 'removed' });
      const closed = stand(client, 'b');
      await closed.election.start();
      await leads(closed.election);
      await client.close();
      expect(closed.events.at(-1)).toMatchObject({ kind: 'lost' });
    });
  });
});
