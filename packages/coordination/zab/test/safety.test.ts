import { describe, expect, test } from '@jest/globals';
import { invariant } from '@reeve/base';
import type { EnsembleMember, MemberId } from '@reeve/zab';
import fc from 'fast-check';
import { type TestMember, TestNetwork } from './network.ts';
import { type HostObserver, type TestHost, zxidText } from './test-host.ts';

const number = fc.nat({ max: 1000 });
const happening = fc.oneof(
  { weight: 60, arbitrary: fc.record({ do: fc.constant('take' as const), which: number, times: fc.nat({ max: 12 }) }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('propose' as const), which: number }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 30, 100, 1000, 3000) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('run' as const), ms: fc.constantFrom(50, 300, 2500) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cut' as const), which: number }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      which: number,
      kept: fc.nat({ max: 5 }),
      compacts: fc.constantFrom('compacts' as const, 'keeps' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('start' as const), which: number }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('divide' as const), which: number }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('heal' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), which: number }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** The one order of commits, and who led which epoch. */
class Ledger implements HostObserver {
  readonly order: number[] = [];
  readonly #payloads = new Map<number, string>();
  readonly #leaders = new Map<number, TestHost>();

  applied(_host: TestHost, zxid: number, payload: string): void {
    const known = this.#payloads.get(zxid);
    if (known !== undefined) return invariant(known === payload, `${zxidText(zxid)} is one entry`);
    const last = this.order.at(-1) ?? 0;
    invariant(zxid > last, `${zxidText(zxid)} is committed in order, after ${zxidText(last)}`);
    this.order.push(zxid);
    this.#payloads.set(zxid, payload);
  }

  led(host: TestHost, epoch: number): void {
    const leader = this.#leaders.get(epoch);
    invariant(leader === undefined || leader === host, `epoch ${epoch} has one leader`);
    this.#leaders.set(epoch, host);
  }

  /** What a member serves is the beginning of the order, without gaps. */
  check({ serving, state, applied }: TestHost): void {
    if (serving === undefined) return;
    const zxids = [...state.keys()].filter((zxid) => zxid <= applied).sort((a, b) => a - b);
    expect(zxids).toEqual(this.order.slice(0, zxids.length));
  }
}

/** An ensemble to which things happen. */
class Trial {
  readonly #network: TestNetwork;
  readonly #members: readonly TestMember[];
  readonly #ledger = new Ledger();
  #payload = 0;

  constructor(participants: number, observers: number) {
    const members = Array.from({ length: participants + observers }, (_, index): EnsembleMember => {
      return { id: index + 1, role: index < participants ? 'participant' : 'observer', place: '' };
    });
    this.#network = new TestNetwork({ version: 0, members }, { recentEntriesMax: 3, counterRollAt: 6 });
    this.#network.observer = this.#ledger;
    this.#members = [...this.#network.members.values()];
    for (const member of this.#members) this.#network.start(member);
  }

  play(what: Happening): void {
    const network = this.#network;
    switch (what.do) {
      case 'take':
        for (let i = 0; i <= what.times; i += 1) this.#take(what.which + i * 7);
        break;
      case 'propose':
        this.#propose(what.which);
        break;
      case 'pass':
        network.nowMs += what.ms;
        for (const member of this.#members) {
          if (network.wakeAtMs(member) <= network.nowMs) network.step(member, { kind: 'timer' });
        }
        break;
      case 'run':
        network.run(what.ms);
        break;
      case 'cut':
        network.cut(picked([...network.links.keys()], what.which) ?? 0);
        break;
      case 'crash':
        network.crash(this.#member(what.which), what.kept);
        if (what.compacts === 'compacts') compact(this.#member(what.which));
        break;
      case 'start':
        if (this.#member(what.which).zab === undefined) network.start(this.#member(what.which));
        break;
      case 'divide':
        this.#divide(what.which);
        break;
      case 'heal':
        network.partition([this.#members.map(({ id }) => id)]);
        break;
      case 'fail':
        network.failDisk(this.#member(what.which));
        network.step(this.#member(what.which), { kind: 'journal_recovered' });
        break;
    }
    for (const { host } of this.#members) this.#ledger.check(host);
  }

  /** Ends all trouble: then there is a leader, it commits, and everybody has everything that was ever committed. */
  conclude(): void {
    const network = this.#network;
    network.partition([this.#members.map(({ id }) => id)]);
    for (const member of this.#members) if (member.zab === undefined) network.start(member);
    network.run(90_000);
    expect(this.#propose(0)).toBe('proposed');
    network.run(1000);
    for (const { host } of this.#members) {
      expect(host.serving).toBeDefined();
      expect([...host.state.keys()].sort((a, b) => a - b)).toEqual(this.#ledger.order);
    }
    expect([...(this.#members[0]?.host.state.values() ?? [])]).toContain(`p${this.#payload}`);
  }

  #take(which: number): void {
    picked(this.#network.chances(), which)?.take();
  }

  #propose(which: number): 'proposed' | 'nobody leads' {
    const leader = picked(
      this.#members.filter(({ host, zab }) => zab !== undefined && host.serving === 'leading'),
      which,
    );
    if (leader === undefined) return 'nobody leads';
    this.#payload += 1;
    this.#network.propose(leader, `p${this.#payload}`);
    return 'proposed';
  }

  #divide(which: number): void {
    const ids = this.#members.map(({ id }) => id);
    const isHere = (id: MemberId) => ((which >> id) & 1) === 1;
    this.#network.partition([ids.filter(isHere), ids.filter((id) => !isHere(id))]);
  }

  #member(which: number): TestMember {
    return picked(this.#members, which) as TestMember;
  }
}

function picked<T>(items: readonly T[], which: number): T | undefined {
  return items.length === 0 ? undefined : items[which % items.length];
}

/** A journal whose log begins after a snapshot of what was applied when it ended: taken only if the log went so far. */
function compact({ disk, host }: TestMember): void {
  if (host.serving === undefined || host.applied <= disk.snapshot.zxid) return;
  if (host.applied > (disk.log.at(-1)?.zxid ?? 0)) return;
  disk.snapshot = { zxid: host.applied, state: new Map(host.state) };
  disk.log = disk.log.filter(({ zxid }) => zxid > host.applied);
}

const runs = Number(process.env.REEVE_ZAB_RUNS ?? 60);

describe('whatever is lost, late, cut or crashed', () => {
  test.each([
    [3, 0],
    [3, 1],
    [5, 0],
    [1, 1],
  ])(
    '%i participants and %i observers commit one order, lose nothing and find a leader again',
    (participants, observers) => {
      fc.assert(
        fc.property(fc.array(happening, { minLength: 40, maxLength: 160, size: 'max' }), (happenings) => {
          const trial = new Trial(participants, observers);
          for (const what of happenings) trial.play(what);
          trial.conclude();
        }),
        { numRuns: runs, interruptAfterTimeLimit: 60_000 },
      );
    },
    120_000,
  );
});
