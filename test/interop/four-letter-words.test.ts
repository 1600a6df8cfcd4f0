import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Engine, engineKinds, fourLetterWord, RawClient } from '@reeve/testkit';
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
