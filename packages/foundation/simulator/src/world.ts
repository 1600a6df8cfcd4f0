import { type ReplicaOptions, replicaDefaults } from '@reeve/replica';
import { sessionIdOf } from '@reeve/wire';
import { type EnsembleMember, type MemberId, type Membership, zabDefaults } from '@reeve/zab';
import { Chance } from './chance.ts';
import { CommitOrder, type CommittedTxn } from './checkers/commit-order.ts';
import { Leaders } from './checkers/leaders.ts';
import { Client, type ClientWorld, clientTimeoutMs } from './client.ts';
import { Disk } from './disk.ts';
import { digestOf, Member, type MemberWorld, passwordOf } from './member.ts';
import { Network } from './network.ts';
import { placeOf, readPlace } from './place.ts';
import type { Setup } from './plan.ts';
import { noSabotage, type Sabotage } from './sabotage.ts';
import type { Place, Stream } from './stream.ts';
import { Timeline } from './timeline.ts';
import type { Violation } from './violation.ts';

/** Clients are placed above the greatest id that a member can have. */
const FIRST_CLIENT: Place = 1_000;
/** How many violations a run keeps: the first is what matters. */
const VIOLATIONS_MAX = 20;
/** A session must not end so soon after its client was answered, as a share of its time-out. */
const HEARD_SHARE = 0.4;

/** The tick of simulated members, and how long they are given, milliseconds. */
export const timing = {
  tickMs: 500,
  initTimeoutMs: 2_000,
  syncTimeoutMs: 1_000,
  pingIntervalMs: 200,
  electionSettleMs: 20,
  resendMs: 40,
  resendMsMax: 400,
} as const;

/** What a world may be given beside its setup. */
export interface WorldOptions {
  readonly sabotage?: Sabotage;
  /** Takes a line for each thing worth telling. */
  readonly tell?: (line: string) => void;
}

/** Members, clients, network, disks and checkers in one thread and one virtual time. */
export class World implements MemberWorld, ClientWorld {
  readonly setup: Setup;
  readonly timeline = new Timeline();
  readonly network: Network;
  readonly sabotage: Sabotage;
  readonly members = new Map<MemberId, Member>();
  readonly clients = new Map<string, Client>();
  readonly violations: Violation[] = [];
  readonly order: CommitOrder;
  readonly leaders: Leaders;
  readonly membership: Membership;
  /** How many steps members took. */
  steps = 0;
  readonly #tell: ((line: string) => void) | undefined;
  #position = 0;

  constructor(setup: Setup, { sabotage = noSabotage, tell }: WorldOptions = {}) {
    this.setup = setup;
    this.sabotage = sabotage;
    this.#tell = tell;
    this.network = new Network(this.timeline, setup.seed);
    const report = (promise: Violation['promise'], message: string): void => this.report(promise, message);
    this.order = new CommitOrder({
      members: () => this.members.values(),
      position: () => this.position(),
      report,
      committed: (txn) => this.#committed(txn),
    });
    this.leaders = new Leaders(report);
    this.membership = { version: 0, members: membersOf(setup) };
    for (const { id } of this.membership.members) this.#add(id);
    for (const member of this.members.values()) member.start();
    for (let i = 1; i <= setup.clients; i += 1) this.addClient(`c${i}`);
  }

  get memberCount(): number {
    return this.members.size;
  }

  /** Lets virtual time pass. */
  pass(ms: number): void {
    const untilMs = this.timeline.nowMs + ms;
    while (this.timeline.next(untilMs)) if (this.violations.length >= VIOLATIONS_MAX) return;
  }

  /** Lets time pass until something is so, and says whether it came to be. */
  passUntil(holds: () => boolean, msMax: number): boolean {
    const untilMs = this.timeline.nowMs + msMax;
    if (holds()) return true;
    while (this.timeline.next(untilMs)) if (holds()) return true;
    return false;
  }

  member(id: MemberId): Member | undefined {
    return this.members.get(id);
  }

  /** The member that leads and serves, if there is one. */
  get leader(): Member | undefined {
    return [...this.members.values()].find(({ replica }) => {
      const status = replica?.status().zab;
      return (
        status !== undefined && (status.role === 'leading' || status.role === 'alone') && status.phase === 'serving'
      );
    });
  }

  /** The members that belong to the ensemble, as its leader knows it. */
  get belonging(): Member[] {
    const { members } = this.leader?.replica?.status().zab.membership ?? this.membership;
    return members.flatMap(({ id }) => this.members.get(id) ?? []);
  }

  addClient(name: string): Client {
    const place = FIRST_CLIENT + this.clients.size + 1;
    const chance = new Chance(this.setup.seed, `client ${name}`);
    const client = new Client({ name, place, world: this, chance });
    this.clients.set(name, client);
    return client;
  }

  connect(client: Client, id: number): Stream | undefined {
    const member = this.members.get(id);
    const isReached =
      member?.isUp === true && !this.network.isBlocked(client.place, id) && !this.network.isBlocked(id, client.place);
    if (!isReached) return undefined;
    const far = member.connected(`10.0.0.${client.place - FIRST_CLIENT}`);
    const streams = this.network.open(client, far);
    far.attach(streams.far);
    return streams.near;
  }

  position(): number {
    this.#position += 1;
    return this.#position;
  }

  starting(member: Member): void {
    this.order.started(member);
  }

  named(leader: MemberId, epoch: number): void {
    this.leaders.named(leader, epoch);
  }

  emptied(member: Member): void {
    this.order.emptied(member);
  }

  stepped(member: Member): void {
    this.steps += 1;
    const status = member.replica?.status();
    if (status === undefined) return;
    this.order.applied(member, status.lastZxid);
  }

  broke(member: Member, reason: string): void {
    this.report('no-bug-found-by-itself', `member ${member.id}: ${reason}`);
  }

  misread(client: Client, reason: string): void {
    this.report('no-bug-found-by-itself', `${client.name} cannot read an answer: ${reason}`);
  }

  note(who: Member | Client, what: string): void {
    this.#tell?.(`${this.timeline.nowMs.toFixed(2).padStart(10)} ${who instanceof Client ? who.name : who.id} ${what}`);
  }

  report(promise: Violation['promise'], message: string): void {
    const { nowMs: atMs } = this.timeline;
    this.#tell?.(`${atMs.toFixed(2).padStart(10)} !! ${promise}: ${message}`);
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push({ promise, atMs, message });
  }

  replicaOptions(member: Member): ReplicaOptions {
    const { id, disk } = member;
    const { recentEntriesMax, learnerBacklogBytesMax, counterRollAt } = this.setup;
    return {
      ...replicaDefaults,
      ...timing,
      sessionTimeoutMinMs: clientTimeoutMs / 4,
      sessionTimeoutMaxMs: clientTimeoutMs * 2,
      firstSessionId: sessionIdOf(
        (id << 24) + Math.floor(this.timeline.nowMs / 1000),
        Math.floor(this.timeline.nowMs * 1000) % 0x1000000,
      ),
      sessionPassword: passwordOf,
      sessionSecret: disk.secret ?? Buffer.from(`the secret of member ${id}`),
      digest: digestOf,
      // Whoever asks may change the membership.
      accessLists: 'skipped',
      reconfiguration: 'offered',
      readPlace,
      zab: {
        ...zabDefaults,
        ...timing,
        id,
        membership: disk.membership ?? this.membership,
        epochs: disk.epochs,
        recentEntriesMax,
        learnerBacklogBytesMax,
        counterRollAt,
      },
    };
  }

  #add(id: MemberId): void {
    const chance = new Chance(this.setup.seed, `member ${id}`);
    const disk = new Disk(this.timeline, new Chance(this.setup.seed, `disk ${id}`), this.setup.syncMs);
    this.members.set(id, new Member({ id, world: this, disk, chance }));
  }

  #committed({ logged }: CommittedTxn): void {
    const { session, txn, xid } = logged;
    if (txn.kind !== 'close_session' || xid !== 0) return;
    for (const client of this.clients.values()) {
      const silentMs = this.timeline.nowMs - client.heardMs;
      if (client.session !== session || silentMs > clientTimeoutMs * HEARD_SHARE) continue;
      this.report(
        'sessions-live-while-heard',
        `${client.name} was answered ${Math.round(silentMs)} ms ago, and its session ends`,
      );
    }
  }
}

function membersOf({ participants, observers }: Setup): EnsembleMember[] {
  const members: EnsembleMember[] = [];
  for (let id = 1; id <= participants + observers; id += 1) {
    const role = id <= participants ? 'participant' : 'observer';
    members.push({ id, role, place: placeOf(id, role) });
  }
  return members;
}
