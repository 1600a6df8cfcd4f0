import { describe, expect, test } from '@jest/globals';
import { messageOf } from '@reeve/base';
import type { EnsembleConfig } from '../src/peers/ensemble-config.ts';
import { placeOf, placeText } from '../src/peers/place.ts';
import { parseZooCfg, type ZooCfg } from '../src/zoo-cfg.ts';

const three = 'server.1=a:2888:3888\nserver.2=b:2888:3888\nserver.3=c:2888:3888:observer';
const voters = three.replace(':observer', '');
const least = 'dataDir=/data\nclientPort=2181\n';

function parse(text: string, files: Record<string, string> = { '/data/myid': '2\n' }): ZooCfg {
  const read = (file: string) => {
    const content = files[file];
    if (content === undefined) throw new Error(`there is no ${file}`);
    return content;
  };
  return parseZooCfg(text, 'zoo.cfg', { read });
}

function ensembleOf(text: string, files?: Record<string, string>): EnsembleConfig {
  return parse(text, files).config.ensemble as EnsembleConfig;
}

function refusal(text: string, files?: Record<string, string>): string {
  try {
    parse(text, files);
    return '';
  } catch (error) {
    return messageOf(error);
  }
}

const messages = (text: string) => parse(text).warnings.map(({ message }) => message);

describe('server lines', () => {
  test('make an ensemble, in which myid says which member this is', () => {
    expect(ensembleOf(`${least}tickTime=1000\n${three}`)).toEqual({
      id: 2,
      membership: {
        version: 0,
        members: [
          { id: 1, role: 'participant', place: 'a:2888:3888:participant' },
          { id: 2, role: 'participant', place: 'b:2888:3888:participant' },
          { id: 3, role: 'observer', place: 'c:2888:3888:observer' },
        ],
      },
      listenOn: 'own_address',
      initTimeoutMs: 10_000,
      syncTimeoutMs: 5_000,
      connectTimeoutMs: 5_000,
      security: { secretFile: undefined, tls: undefined },
      readOnlyMode: 'disabled',
      leaderServes: 'clients',
      dynamicConfigFile: undefined,
    });
  });

  test('give this member its client address', () => {
    const lines = 'server.1=a:1:2;10.0.0.1:2001\nserver.2=b:1:2:participant;[::1]:2002\nserver.3=c:1:2;2003';
    expect(parse(`dataDir=/data\n${lines}`).config).toMatchObject({ host: '::1', port: 2002 });
    expect(parse(`dataDir=/data\n${lines}`, { '/data/myid': '3' }).config).toMatchObject({ host: '*', port: 2003 });
  });

  test('may stand in a file of their own, with the zxid since which they hold', () => {
    const files = { '/data/myid': '1', '/etc/members': `${voters}\nversion=10000000a` };
    const { membership, dynamicConfigFile } = ensembleOf(`${least}dynamicConfigFile=/etc/members`, files);
    expect([membership.members.length, membership.version]).toEqual([3, 0x10000000a]);
    expect(dynamicConfigFile).toBe('/etc/members');
  });

  test.each([
    ['one line alone', 'server.1=a:2888:3888', {}],
    ['no line', '', {}],
  ])('%s: the server is alone, and asks for no myid', (_, lines, files) => {
    expect(parse(`${least}${lines}`, files).config.ensemble).toBeUndefined();
  });

  test('make an ensemble that can grow out of one line with standaloneEnabled=false', () => {
    const { membership } = ensembleOf(`${least}standaloneEnabled=false\nserver.2=a:2888:3888`);
    expect(membership.members).toHaveLength(1);
  });
});

describe('an ensemble is refused', () => {
  const members = `${least}${voters}`;

  test.each([
    ['without myid', members, {}, 'myid is missing: there is no /data/myid: write the number'],
    [
      'with another myid',
      members,
      { '/data/myid': '7' },
      'myid=7: no server.N line has this number: write the number of',
    ],
    ['with no number in myid', members, { '/data/myid': 'b' }, "this server's line (one of 1, 2, 3) into /data/myid"],
    [
      'with a number too large',
      `${members}\nserver.256=d:1:2`,
      undefined,
      'server.256=d:1:2: the number must be from 1',
    ],
    ['with a number twice', `${members}\nserver.3=d:1:2`, undefined, 'line 6: server.3=d:1:2: is there already'],
    ['with a port twice', `${members}\nserver.4=a:9:2888`, undefined, 'a:2888 is there already, in server.1'],
    ['with one port for both', `${members}\nserver.4=d:9:9`, undefined, 'd:9 is there already, in server.4'],
    ['without a voter', `${least}server.1=a:1:2:observer\nserver.2=b:1:2:observer`, undefined, 'somebody must vote'],
    ['with one voter', `${least}server.1=a:1:2:observer\nserver.2=b:1:2`, undefined, 'observers need more than one'],
    ['with weights', `${members}\nweight.1=2`, undefined, 'line 6: weight.1=2: members have no weights'],
    ['with groups', `${members}\ngroup.1=1:2:3`, undefined, 'group.1=1:2:3: members have no weights and no groups'],
    [
      'with another client port',
      `${least}server.1=a:1:2\nserver.2=b:1:2;99`,
      undefined,
      'not clientPort, which is 2181',
    ],
    ['with another election', `${members}\nelectionAlg=1`, undefined, 'electionAlg=1: must be 3'],
    [
      'with TLS and no key',
      `${members}\nsslQuorum=true`,
      undefined,
      'ssl.quorum.keyStore.location is missing: sslQuorum=true',
    ],
    ['with SASL', `${members}\nquorum.auth.enableSasl=true`, undefined, 'by reeve.ensembleSecretFile or sslQuorum'],
    ['without its file', `${least}dynamicConfigFile=/no`, undefined, 'dynamicConfigFile=/no: there is no /no'],
  ])('%s', (_, text, files, message) => {
    expect(refusal(text, files)).toContain(message);
  });

  test('with something else in the file of members, by file and line', () => {
    const files = { '/data/myid': '1', '/etc/members': `${voters}\ntickTime=5` };
    expect(refusal(`${least}dynamicConfigFile=/etc/members`, files)).toBe(
      '/etc/members, line 4: tickTime=5: belongs into the configuration file',
    );
  });
});

describe('an ensemble is warned', () => {
  test.each([
    ['of two participants', three, 'two participants bear the failure of none'],
    ['of four', `${voters}\nserver.4=d:1:2`, '4 participants bear the failure of no more than 3 do'],
    ['of a peerType that is not that of its line', `${voters}\npeerType=observer`, 'server.2 says participant'],
    ['of several addresses', voters.replace('a:2888:3888', 'a:2888:3888|b:1:2'), 'server.1 has several addresses'],
  ])('%s', (_, lines, message) => {
    expect(messages(`${least}${lines}`).join()).toContain(message);
  });

  test('of nothing when all is well', () => {
    expect(messages(`${least}${voters}\nweight.1=1`)).toEqual([]);
  });
});

describe('keys about the ensemble', () => {
  test.each([
    ['initLimit=5', { initTimeoutMs: 10_000 }],
    ['syncLimit=2', { syncTimeoutMs: 4_000 }],
    ['cnxTimeout=700', { connectTimeoutMs: 700 }],
    ['cnxTimeout=-1', { connectTimeoutMs: 5_000 }],
    ['quorumListenOnAllIPs=true', { listenOn: 'every_address' }],
    ['readonlymode.enabled=true', { readOnlyMode: 'enabled' }],
    ['reeve.ensembleSecretFile=/s', { security: { secretFile: '/s', tls: undefined } }],
  ])('%s', (line, config) => {
    expect(ensembleOf(`${least}${voters}\n${line}`)).toMatchObject(config);
  });

  test('ask for TLS between members as ZooKeeper has it', () => {
    const lines = [
      'sslQuorum=true',
      'ssl.quorum.keyStore.location=/k.pem',
      'ssl.quorum.keyStore.password=p',
      'ssl.quorum.trustStore.location=/t.p12',
      'ssl.quorum.trustStore.type=PKCS12',
      'ssl.quorum.enabledProtocols=TLSv1.3',
      'ssl.quorum.hostnameVerification=false',
      'sslQuorumReloadCertFiles=true',
    ];
    expect(ensembleOf(`${least}${voters}\n${lines.join('\n')}`).security.tls).toMatchObject({
      keyStore: { setting: 'ssl.quorum.keyStore.location', location: '/k.pem', password: 'p' },
      trustStore: { location: '/t.p12', type: 'PKCS12' },
      clientAuth: 'need',
      versionMin: 'TLSv1.3',
      hostNames: 'ignored',
      reload: 'on_change',
    });
  });
});

describe('the place of a member', () => {
  test.each([
    'a:2888:3888:participant',
    'host.example:1:2:observer;2181',
    '[::1]:1:2:participant;[fe80::1]:2181',
    '10.0.0.1:1:2:participant;0.0.0.0:2181',
  ])('%s is written as it was read', (text) => {
    expect(placeText(placeOf(text) as NonNullable<ReturnType<typeof placeOf>>)).toBe(text);
  });

  test.each(['a', 'a:1', 'a:1:99999', 'a:1:2:voter', 'a:1:2;b', 'a b c', '::1:1:2'])('"%s" is none', (text) => {
    expect(placeOf(text)).toBeUndefined();
  });
});
