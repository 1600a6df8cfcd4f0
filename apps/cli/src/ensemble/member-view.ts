/** A learner as its leader tells of it. */
export interface LearnerView {
  readonly id: number;
  readonly role: string;
  readonly phase: string;
  readonly behind: number;
  readonly silentMs: number;
}

/** What a leader says of the ensemble. */
interface LeaderView {
  /** Members that vote. */
  readonly quorumSize: number;
  /** Voting members that have caught up with it. */
  readonly syncedFollowers: number;
  readonly learners: readonly LearnerView[];
}

/** One member, as far as it told of itself. */
export interface MemberView {
  /** Where it was asked. */
  readonly address: string;
  readonly state: 'serving' | 'not_serving' | 'unreachable';
  /** leader, follower, observer, standalone or read-only; a word for people. */
  readonly role: string | undefined;
  readonly id: number | undefined;
  readonly epoch: number | undefined;
  readonly zxid: number | undefined;
  readonly outstanding: number | undefined;
  /** Of a leader that tells of it. */
  readonly leading: LeaderView | undefined;
}

const epochSize = 2 ** 32;

/** What a member's answers to `srvr` and `mntr` say; either may be missing or not allowed. */
export function memberView(address: string, srvr: string | undefined, mntr: string | undefined): MemberView {
  const role = /^Mode: (.+)$/m.exec(srvr ?? '')?.[1];
  const zxid = numberOf(/^Zxid: (0x[0-9a-f]+)$/m.exec(srvr ?? '')?.[1]);
  const figures = figuresOf(mntr ?? '');
  return {
    address,
    state: stateOf(srvr, role),
    role,
    id: numberOf(figures.get('reeve_coordinator_member_id')),
    epoch: numberOf(figures.get('reeve_coordinator_epoch')) ?? (zxid && Math.floor(zxid / epochSize)),
    zxid,
    outstanding: numberOf(/^Outstanding: (\d+)$/m.exec(srvr ?? '')?.[1]),
    leading: role === 'leader' ? leadingOf(figures) : undefined,
  };
}

function stateOf(srvr: string | undefined, role: string | undefined): MemberView['state'] {
  if (srvr === undefined) return 'unreachable';
  return role === undefined ? 'not_serving' : 'serving';
}

function figuresOf(mntr: string): ReadonlyMap<string, string> {
  return new Map([...mntr.matchAll(/^(\w+)\t(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
}

function leadingOf(figures: ReadonlyMap<string, string>): LeaderView | undefined {
  const quorumSize = numberOf(figures.get('zk_quorum_size'));
  const syncedFollowers = numberOf(figures.get('zk_synced_followers'));
  if (quorumSize === undefined || syncedFollowers === undefined) return undefined;
  const learners = [...figures].flatMap(([name, value]) => learnerOf(name, value) ?? []);
  return { quorumSize, syncedFollowers, learners };
}

function learnerOf(name: string, value: string): LearnerView | undefined {
  const [, id] = /^reeve_coordinator_learner_(\d+)$/.exec(name) ?? [];
  const [, role, phase, behind, silent] = /^(\w+) (\w+) .*behind=(\d+) silent=(\d+)ms$/.exec(value) ?? [];
  if (id === undefined || role === undefined || phase === undefined) return undefined;
  return { id: Number(id), role, phase, behind: Number(behind), silentMs: Number(silent) };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text);
}
