import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Engine,
  type Ensemble,
  engineKinds,
  fourLetterWord,
  RawClient,
  startApacheEnsemble,
  startReeveEnsemble,
} from '@reeve/testkit';
import { createFlags } from '@reeve/wire';

const traffic = [
  /^Zookeeper version: \S/m,
  /^Latency min\/avg\/max: \d+\/[\d.]+\/\d+$/m,
  /^Received: \d+$/m,
  /^Sent: \d+$/m,
  /^Connections: \d+$/m,
  /^Outstanding: \d+$/m,
  /^Zxid: 0x[0-9a-f]+$/m,
  /^Mode: standalone$/m,
  /^Node count: \d+$/m,
];

const monitored = `version server_state ephemerals_count num_alive_connections avg_latency outstanding_requests
  znode_count packets_sent packets_received watch_count min_latency max_latency approximate_data_size
  open_file_descriptor_count max_file_descriptor_count global_sessions local_sessions uptime last_client_response_size
  max_client_response_size min_client_response_size connection_drop_count connection_rejected stale_sessions_expired
  bytes_received_count`.split(/\s+/);

const mntr = [
  ...monitored.map((key) => new RegExp(`^zk_${key}\t\\S`, 'm')),
  /^zk_server_state\tstandalone$/m,
  /^zk_ephemerals_count\t1$/m,
  /^zk_watch_count\t1$/m,
  /^zk_num_alive_connections\t[1-9]/m,
];

const conf = [
  /^clientPort=\d+$/m,
  /^secureClientPort=-?\d+$/m,
  /^dataDir=\S/m,
  /^dataDirSize=\d+/m,
  /^dataLogDir=\S/m,
  /^dataLogSize=\d+/m,
  /^tickTime=500$/m,
  /^maxClientCnxns=0$/m,
  /^minSessionTimeout=1000$/m,
  /^maxSessionTimeout=10000$/m,
  /^serverId=\d+$/m,
];

describe.each(engineKinds)('$name answers to monitoring:', ({ start }) => {
  let engine: Engine;
  /** As the words write the session: without leading zeros. */
  let id: string;

  beforeAll(async () => {
    engine = await start();
    const client = await RawClient.open(engine.port);
    await client.create('/here', 'x', createFlags.ephemeral);
    await client.request('getData', { path: '/here', watch: true });
    id = `0x${client.ticket.sessionId.replace(/^0+/, '')}`;
  }, 60_000);

  test.each([
    ['ruok', /^imok$/],
    ['isro', /^rw$/],
    ['srvr', traffic],
    ['stat', [/^Clients:$/m, /^ \/127\.0\.0\.1:\d+\[\d\]\(queued=\d+,recved=\d+,sent=\d+\)$/m, ...traffic]],
    ['mntr', mntr],
    ['conf', conf],
    ['wchs', /^1 connections watching 1 paths\nTotal watches:1\s*$/],
    ['envi', [/^Environment:$/m, /^zookeeper\.version=/m, /^host\.name=/m, /^os\.name=/m, /^user\.dir=/m]],
    ['dirs', [/^datadir_size: \d+$/m, /^logdir_size: \d+$/m]],
  ])('%s', async (word, patterns) => {
    const said = await fourLetterWord(engine.port, word);
    for (const pattern of [patterns].flat()) expect(said).toMatch(pattern);
  });

  test('cons tells of each session what it did last and how long that took', async () => {
    const known = `sid=${id},lop=\\w+,est=\\d+,to=10000,lcxid=0x[0-9a-f]+,lzxid=0x[0-9a-f]+,lresp=\\d+`;
    const took = 'llat=\\d+,minlat=\\d+,avglat=\\d+,maxlat=\\d+';
    const line = `^ /127\\.0\\.0\\.1:\\d+\\[\\d+\\]\\(queued=0,recved=\\d+,sent=\\d+,${known},${took}\\)$`;
    expect(await fourLetterWord(engine.port, 'cons')).toMatch(new RegExp(line, 'm'));
  });

  test('dump tells sessions, their ephemerals and the connections', async () => {
    const said = await fourLetterWord(engine.port, 'dump');
    for (const head of ['SessionTracker dump:', 'ephemeral nodes dump:', 'Connections dump:'])
      expect(said).toContain(head);
    expect(said).toContain(`Sessions with Ephemerals (1):\n${id}:\n\t/here\n`);
  });

  test('wchc and wchp tell who watches what', async () => {
    expect(await fourLetterWord(engine.port, 'wchc')).toContain(`${id}\n\t/here`);
    expect(await fourLetterWord(engine.port, 'wchp')).toContain(`/here\n\t${id}`);
  });

  test('srst and crst begin the counts again', async () => {
    expect(await fourLetterWord(engine.port, 'srst')).toBe('Server stats reset.\n');
    expect(await fourLetterWord(engine.port, 'srvr')).toMatch(/^Received: [01]$/m);
    expect(await fourLetterWord(engine.port, 'crst')).toBe('Connection stats reset.\n');
    expect(await fourLetterWord(engine.port, 'cons')).toContain(`recved=0,sent=0,sid=${id},`);
  });

  test('letters that are no word end the connection', async () => {
    expect(await fourLetterWord(engine.port, 'abcd')).toBe('');
  });
});

const membership = [
  ...[
    /^initLimit=20$/m,
    /^syncLimit=5$/m,
    /^electionAlg=3$/m,
    /^electionPort=\d+$/m,
    /^quorumPort=\d+$/m,
    /^peerType=0$/m,
  ],
  ...[/^membership: *$/m, /^version=[0-9a-f]+$/m],
  ...[1, 2, 3].map((id) => new RegExp(`^server\\.${id}=\\S+:\\d+:\\d+:participant;127\\.0\\.0\\.1:\\d+$`, 'm')),
];

/** What only a leader counts. */
const learners = ['learners', 'synced_followers', 'synced_observers', 'pending_syncs'];

describe.each([
  ['Apache ZooKeeper', startApacheEnsemble],
  ['Reeve', startReeveEnsemble],
])('an ensemble of %s answers to monitoring:', (_, start) => {
  let ensemble: Ensemble;
  let leader: Engine;
  let follower: Engine;

  beforeAll(async () => {
    ensemble = await start();
    leader = await ensemble.leader();
    follower = ensemble.members.find((member) => member !== leader) as Engine;
    const client = await RawClient.open(follower.port);
    await client.create('/here', 'x', createFlags.ephemeral);
  }, 90_000);

  test('srvr tells that one leads and that the others follow', async () => {
    const said = await Promise.all(ensemble.members.map(({ port }) => fourLetterWord(port, 'srvr')));
    const modes = said.map((text) => /^Mode: (.+)$/m.exec(text)?.[1]);
    expect(modes.toSorted()).toEqual(['follower', 'follower', 'leader']);
  });

  test('mntr tells what each member is, and of the leader who follows it', async () => {
    const followers = await fourLetterWord(follower.port, 'mntr');
    expect(followers).toMatch(/^zk_server_state\tfollower$/m);
    expect(followers).toMatch(/^zk_peer_state\tfollowing - broadcast$/m);
    const leaders = await fourLetterWord(leader.port, 'mntr');
    expect(leaders).toMatch(/^zk_server_state\tleader$/m);
    expect(leaders).toMatch(/^zk_peer_state\tleading - broadcast$/m);
    expect(leaders).toMatch(/^zk_quorum_size\t3$/m);
    expect(leaders).toMatch(/^zk_synced_followers\t2$/m);
    for (const key of learners) expect(leaders).toMatch(new RegExp(`^zk_${key}\t\\d`, 'm'));
  });

  test('conf tells of all members', async () => {
    const said = await fourLetterWord(follower.port, 'conf');
    for (const pattern of membership) expect(said).toMatch(pattern);
  });

  test('dump tells the ephemerals at a follower too, and the sessions at the leader', async () => {
    const said = await fourLetterWord(follower.port, 'dump');
    expect(said).toContain('\n\t/here\n');
    expect(await fourLetterWord(leader.port, 'dump')).toContain('SessionTracker dump:\n');
  });
});
