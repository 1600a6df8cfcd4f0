import { describe, expect, test } from '@jest/globals';
import { openAcl } from '@reeve/wire';
import { Party, type Seat } from './party.ts';

const persistent = (path: string) => ({ path, data: Buffer.from('x'), acl: openAcl, flags: 0 });
const ephemeral = (path: string) => ({ ...persistent(path), flags: 1 });

/** A follower that was away for so long that it gets a snapshot, of several slices, when it is back. */
function leftBehind(party: Party): Seat {
  const [away, other] = party.followers as [Seat, Seat];
  const client = party.connect(other);
  party.ask(client, 'create', persistent('/a'));
  party.kill(away);
  for (let count = 0; count < 1000; count += 1)
    party.send(client, 'create', ephemeral(`/a/${'x'.repeat(100)}${count}`));
  party.rest();
  return away;
}

/** Does something whenever a member has taken a message of another. */
function afterEachMessage({ replica }: Seat, act: (now: number) => void): void {
  const step: Seat['replica']['step'] = replica.step.bind(replica);
  replica.step = (event, now) => {
    step(event, now);
    if (event.kind === 'zab' && event.event.kind === 'message') act(now);
  };
}

describe('a member whose tree is replaced by that of its leader', () => {
  test('tells of ephemerals when all are there again', () => {
    const party = new Party(3, {}, { recentEntriesMax: 2 });
    const back = leftBehind(party);
    const counts = new Set<number>();
    afterEachMessage(back, () => {
      const { eachOwner } = back.replica.status();
      counts.add([...eachOwner()].flatMap(([, paths]) => paths).length);
    });
    back.phase = 'up';
    party.pass(15_000);
    expect([...counts]).toEqual([0, 1000]);
  });

  test('is not read by anybody meanwhile', () => {
    const party = new Party(3, { readOnlyMode: 'enabled' }, { recentEntriesMax: 2 });
    const back = leftBehind(party);
    const others = party.seats.filter((seat) => seat !== back);
    for (const other of others) party.kill(other);
    back.phase = 'up';
    party.pass(15_000);
    const reads = party.connect(back, { readOnly: true });
    party.seen(reads);
    afterEachMessage(back, (now) => {
      const bytes = reads.request('exists', { path: '/a', watch: false });
      const frame = { kind: 'frame', connection: reads.connection, bytes, start: 0, end: bytes.length } as const;
      back.replica.step(frame, now);
    });
    for (const other of others) other.phase = 'up';
    party.pass(15_000);
    expect(back.replica.status().mode).toBe('follower');
    expect(party.closed.has(reads)).toBe(true);
    for (const answer of party.seen(reads)) expect(answer).toMatchObject({ error: 'ok' });
  });
});
