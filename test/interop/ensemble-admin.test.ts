import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  adminLibraries,
  coordinatorCommand,
  Ensemble,
  EnsembleMember,
  fourLetterWord,
  freePort,
  RawClient,
  zooKeeperCommand,
} from '@reeve/testkit';

type Fields = Readonly<Record<string, unknown>>;
type Role = 'leader' | 'follower' | 'observer';

/** Three that vote and one that observes, each with an admin server, after a few writes. */
interface Side {
  readonly members: Readonly<Record<Role, EnsembleMember>>;
  ask(role: Role, command: string): Promise<Fields>;
}

async function side(command: (configFile: string) => readonly string[]): Promise<Side> {
  const seats = await Promise.all(
    (['participant', 'participant', 'participant', 'observer'] as const).map(async (votes, at) => {
      const [peer, election, clientPort, adminPort] = await Promise.all(Array.from({ length: 4 }, freePort));
      const ports = [peer, election] as [number, number];
      const line = `server.${at + 1}=127.0.0.1:${ports.join(':')}:${votes};127.0.0.1:${clientPort}`;
      return { id: at + 1, votes, ports, clientPort: clientPort as number, adminPort, line };
    }),
  );
  const lines = ['initLimit=20', 'syncLimit=5', 'admin.enableServer=true', 'admin.serverAddress=127.0.0.1'];
  const members = seats.map((seat) => {
    const peerType = seat.votes === 'observer' ? ['peerType=observer'] : [];
    const config = [...lines, ...peerType, `admin.serverPort=${seat.adminPort}`, ...seats.map(({ line }) => line)];
    const options = { memberId: seat.id, config };
    return new EnsembleMember(seat, { name: `member ${seat.id}`, port: seat.clientPort, options, command });
  });
  const ensemble = new Ensemble({ name: 'ensemble', members, network: undefined });
  await ensemble.start();
  const leader = await ensemble.leader();
  const client = await RawClient.open(leader.port);
  for (const size of [10, 1000, 100]) await client.create(`/of-${size}`, 'x'.repeat(size));
  await client.destroy();
  const follower = members.find((member) => member !== leader && member.votes === 'participant') as EnsembleMember;
  const roles = { leader, follower, observer: members[3] as EnsembleMember };
  const ask = async (role: Role, name: string) => {
    const port = seats[roles[role].id - 1]?.adminPort;
    return (await (await fetch(`http://127.0.0.1:${port}/commands/${name}`)).json()) as Fields;
  };
  return { members: roles, ask };
}

let apache: Side;
let ours: Side;

beforeAll(async () => {
  apache = await side((file) => zooKeeperCommand(file, { libraries: adminLibraries }));
  ours = await side(coordinatorCommand);
}, 120_000);

const roles = ['leader', 'follower', 'observer'] as const;

/** Names with the kind of each value; what ZooKeeper alone has is left out. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  const entries = Object.entries(value).filter(([name]) => name !== 'requests');
  return Object.fromEntries(entries.map(([name, inner]) => [name, shape(inner)]).sort());
}

describe.each(roles)('of the %s, an admin command', (role) => {
  test.each(['leader', 'observers', 'voting_view', 'zabstate', 'configuration', 'server_stats', 'is_read_only'])(
    '%s has the fields of ZooKeeper',
    async (command) => {
      expect(shape(await ours.ask(role, command))).toEqual(shape(await apache.ask(role, command)));
    },
  );

  test('monitor has no figure under a name that ZooKeeper does not have, but for our own', async () => {
    const real = await apache.ask(role, 'monitor');
    const foreign = Object.keys(await ours.ask(role, 'monitor')).filter(
      (name) => !name.startsWith('reeve_') && !/^p\d+_/.test(name) && !(name in real),
    );
    // Older ZooKeepers have followers; ZooKeeper tells of slow syncs in server_stats alone.
    expect(foreign).toEqual(
      role === 'leader' ? ['followers', 'fsync_threshold_exceed_count'] : ['fsync_threshold_exceed_count'],
    );
  });

  test('tells what ZooKeeper does of the role, the votes and the state of agreement', async () => {
    for (const { members, ask } of [ours, apache]) {
      const { id } = members[role];
      const zab = { myid: id, is_leader: role === 'leader', voting: role !== 'observer', zabstate: 'broadcast' };
      expect(await ask(role, 'zabstate')).toMatchObject(zab);
      const leader = { is_leader: role === 'leader', leader_id: members.leader.id, leader_ip: '127.0.0.1' };
      expect(await ask(role, 'leader')).toMatchObject(leader);
      const { current_config: voters } = (await ask(role, 'voting_view')) as { current_config: Fields };
      expect(Object.keys(voters)).toEqual(['1', '2', '3']);
    }
  });

  test('and srvr has the lines of ZooKeeper', async () => {
    const lines = async ({ members }: Side) =>
      (await fourLetterWord(members[role].port, 'srvr'))
        .replace(/version: .*/, '')
        .replace(/0x\w+|-?\d+(\.\d+)?/g, '#');
    expect(await lines(ours)).toBe(await lines(apache));
  });
});

test('an observer is told of by the leader, with what went to it, which is counted anew when asked', async () => {
  const told = async (where: Side) =>
    ((await where.ask('leader', 'observers')) as { observers: readonly Readonly<Record<string, number>>[] })
      .observers[0];
  for (const where of [ours, apache]) {
    expect(await told(where)).toMatchObject({ sid: 4 });
    expect((await told(where))?.packets_sent).toBeGreaterThan(3);
  }
  const before = (await told(ours))?.packets_sent as number;
  await ours.ask('leader', 'observer_connection_stat_reset');
  expect((await told(ours))?.packets_sent).toBeLessThan(before);
});
