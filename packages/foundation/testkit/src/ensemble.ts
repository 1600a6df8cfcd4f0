import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineProcess, fourLetterWord, modeIn } from './engine-process.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { addressOf, PeerNetwork } from './peer-network.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** What a test may choose of an ensemble. */
export interface EnsembleOptions {
  /** How many members vote; 3 unless given. */
  readonly participants?: number;
  /** How many follow without a vote; none unless given. */
  readonly observers?: number;
  /** Milliseconds of a tick: sessions last 2 to 20 of them. 500 unless given. */
  readonly tickMs?: number;
  /** Further lines of every `zoo.cfg`. */
  readonly config?: readonly string[];
  /** `breakable` puts a `PeerNetwork` between the members; `plain` unless given. */
  readonly network?: 'plain' | 'breakable';
}

/** What differs from ensemble to ensemble. */
export interface EnsembleKind {
  readonly name: string;
  /** Whether the others stand in `zoo.cfg` by address, or by a name that the file of hosts explains. */
  readonly peersBy?: 'address' | 'name';
  /** What runs a member with this `zoo.cfg`; the second is a file in the form of /etc/hosts. */
  command(configFile: string, hostsFile: string): readonly string[];
}

/** Where a member listens. */
interface Seat {
  readonly id: number;
  readonly votes: 'participant' | 'observer';
  /** For the others: one where it is followed, one for elections. */
  readonly ports: readonly [number, number];
  readonly clientPort: number;
}

/** One member of an ensemble of real processes. */
export class EnsembleMember extends EngineProcess {
  readonly id: number;
  readonly votes: Seat['votes'];

  constructor({ id, votes }: Seat, facts: ConstructorParameters<typeof EngineProcess>[0]) {
    super(facts);
    this.id = id;
    this.votes = votes;
  }

  /** What it says that it is (leader, follower, observer) and in which epoch; undefined while it does not serve. */
  async standing(): Promise<{ readonly mode: string; readonly epoch: number } | undefined> {
    const srvr = await fourLetterWord(this.port, 'srvr');
    const mode = modeIn(srvr);
    const zxid = /^Zxid: 0x([0-9a-f]+)$/m.exec(srvr)?.[1] ?? '';
    return mode === undefined ? undefined : { mode, epoch: Number.parseInt(zxid.slice(0, -8) || '0', 16) };
  }
}

/** Several real servers on 127.0.0.1 that agree with each other, and the network between them. */
export class Ensemble {
  readonly name: string;
  readonly members: readonly EnsembleMember[];
  /** There is one where `network: 'breakable'` was asked for. */
  readonly network: PeerNetwork | undefined;

  constructor(facts: Pick<Ensemble, 'name' | 'members' | 'network'>) {
    this.name = facts.name;
    this.members = facts.members;
    this.network = facts.network;
  }

  /** A connect string of all members. */
  get connect(): string {
    return this.members.map(({ address }) => address).join();
  }

  /** Starts every member, again on the same ports and data; resolves when all of them serve. */
  async start(): Promise<void> {
    await Promise.all(this.members.map((member) => member.start()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
  }

  /** The leader; of two that say so, the one in the later epoch. */
  leader(): Promise<EnsembleMember> {
    const search = async () => {
      const standings = await Promise.all(
        this.members.map(async (member) => ({ member, epoch: -1, ...(await member.standing()) })),
      );
      const leaders = standings.filter((one) => 'mode' in one && one.mode === 'leader');
      return leaders.sort((a, b) => b.epoch - a.epoch)[0]?.member;
    };
    return eventually(search, { what: `${this.name} has a leader`, deadlineMs: 60_000 });
  }
}

/** Starts an ensemble that ends with the test file; resolves when every member serves. */
export async function startEnsemble(kind: EnsembleKind, options: EnsembleOptions = {}): Promise<Ensemble> {
  const { participants = 3, observers = 0 } = options;
  const votes = [...Array(participants).fill('participant'), ...Array(observers).fill('observer')] as Seat['votes'][];
  const seats = await Promise.all(votes.map(seatOf));
  const network = options.network === 'breakable' ? await PeerNetwork.between(seats) : undefined;
  const directory = temporaryDirectory();
  const members = seats.map((seat) => {
    const hosts = hostsOf(seat, { seats, network });
    const hostsFile = join(directory, `hosts-${seat.id}`);
    writeFileSync(hostsFile, [...hosts].map(([id, host]) => `${host} member-${id}\n`).join(''));
    return new EnsembleMember(seat, {
      name: `${kind.name} ${seat.id}`,
      port: seat.clientPort,
      options: {
        memberId: seat.id,
        config: configOf(seat, { seats, hosts, kind, options }),
        ...(options.tickMs === undefined ? {} : { tickMs: options.tickMs }),
      },
      command: (configFile) => kind.command(configFile, hostsFile),
    });
  });
  const ensemble = new Ensemble({ name: kind.name, members, network });
  await ensemble.start();
  return ensemble;
}

async function seatOf(votes: Seat['votes'], at: number): Promise<Seat> {
  const [peer, election, clientPort] = await Promise.all([freePort(), freePort(), freePort()]);
  return { id: at + 1, votes, ports: [peer, election], clientPort };
}

/** Where a member finds each member: itself where it listens, the others behind the network, when there is one. */
function hostsOf(
  { id: from }: Seat,
  { seats, network }: { readonly seats: readonly Seat[]; readonly network: PeerNetwork | undefined },
): ReadonlyMap<number, string> {
  const hostOf = (to: number) => (network === undefined || to === from ? '127.0.0.1' : addressOf({ from, to }));
  return new Map(seats.map(({ id }) => [id, hostOf(id)]));
}

interface ConfigFacts {
  readonly seats: readonly Seat[];
  readonly hosts: ReadonlyMap<number, string>;
  readonly kind: EnsembleKind;
  readonly options: EnsembleOptions;
}

function configOf({ votes: own }: Seat, { seats, hosts, kind, options }: ConfigFacts): readonly string[] {
  const servers = seats.map(({ id, votes, ports, clientPort }) => {
    const host = kind.peersBy === 'name' ? `member-${id}` : hosts.get(id);
    return `server.${id}=${host}:${ports.join(':')}:${votes};127.0.0.1:${clientPort}`;
  });
  const observing = own === 'observer' ? ['peerType=observer'] : [];
  return ['initLimit=20', 'syncLimit=5', ...observing, ...servers, ...(options.config ?? [])];
}
