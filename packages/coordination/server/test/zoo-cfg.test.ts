import { describe, expect, test } from '@jest/globals';
import { messageOf } from '@reeve/base';
import { coordinatorConfig } from '../src/config.ts';
import { parseZooCfg } from '../src/zoo-cfg.ts';

const least = 'dataDir=/data\nclientPort=2181\n';

function refusal(text: string): string {
  try {
    parseZooCfg(text, 'zoo.cfg');
    return '';
  } catch (error) {
    return messageOf(error);
  }
}

describe('a zoo.cfg', () => {
  test('that says only where and on which port gets the defaults, on every address', () => {
    const { config, warnings } = parseZooCfg(least, 'zoo.cfg');
    const { admin, initialConfiguration } = config;
    expect(config).toEqual(
      coordinatorConfig({ dataDirectory: '/data', host: '*', port: 2181, admin, initialConfiguration }),
    );
    expect(config).toMatchObject({ sessionTimeoutMsMin: 4000, sessionTimeoutMsMax: 40_000, logDirectory: '/data' });
    expect(warnings).toEqual([]);
  });

  test('is read as Java reads properties: continued lines, comments, colons, escapes', () => {
    const text = '# where\n! it lies\ndataDir = /da\\\n   ta\n\nclientPort: 21\\u0038\\u0031\n';
    expect(parseZooCfg(text, 'zoo.cfg').config).toMatchObject({ dataDirectory: '/data', port: 2181 });
  });

  test('sets everything that a coordinator knows', () => {
    const text = `dataDir=/data
dataLogDir=/log
clientPort=0
clientPortAddress=127.0.0.1
tickTime=500
minSessionTimeout=-1
maxSessionTimeout=60000
maxClientCnxns=0
maxCnxns=7
snapCount=1000
preAllocSize=1024
autopurge.snapRetainCount=5
4lw.commands.whitelist=ruok, mntr
extendedTypesEnabled=TRUE
forceSync=no
jute.maxbuffer=0x200000
DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU=
znode.container.checkIntervalMs=1000`;
    expect(parseZooCfg(text, 'zoo.cfg').config).toMatchObject({
      dataDirectory: '/data',
      logDirectory: '/log',
      host: '127.0.0.1',
      port: 0,
      tickMs: 500,
      sessionTimeoutMsMin: 1000,
      sessionTimeoutMsMax: 60_000,
      connectionsPerAddressMax: 0,
      connectionsMax: 7,
      frameBytesMax: 0x200000,
      snapshotEntries: 1000,
      snapshotsKept: 5,
      segmentBytesMax: 1024 * 1024,
      sync: 'never',
      fourLetterWords: new Set(['ruok', 'mntr']),
      extendedTypes: 'enabled',
      superDigest: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
      reapIntervalMs: 1000,
    });
  });

  test('may name its keys as the Java system properties they also are', () => {
    const { config } = parseZooCfg(`${least}zookeeper.snapCount=500\nzookeeper.4lw.commands.whitelist=*`, 'zoo.cfg');
    expect(config).toMatchObject({ snapshotEntries: 500, fourLetterWords: 'all' });
  });

  test('that turns purging off keeps every snapshot', () => {
    expect(parseZooCfg(`${least}autopurge.purgeInterval=0`, 'zoo.cfg').config.snapshotsKept).toBe('all');
    expect(parseZooCfg(`${least}autopurge.purgeInterval=24`, 'zoo.cfg').config.snapshotsKept).toBe(3);
  });

  test('with one server line runs an ensemble of one, at the client address of that line', () => {
    const { config } = parseZooCfg('dataDir=/d\nserver.1=a:2888:3888:participant;127.0.0.1:2999', 'zoo.cfg');
    expect(config).toMatchObject({ host: '127.0.0.1', port: 2999 });
    expect(parseZooCfg('dataDir=/d\nserver.1=a:2888:3888;2999', 'zoo.cfg').config).toMatchObject({
      host: '*',
      port: 2999,
    });
  });

  test('with unknown keys warns once each, with the line and the nearest known key', () => {
    const { warnings } = parseZooCfg(`${least}ticktime=1\nfoo.bar.baz=2\nadmin.portUnification=true`, 'zoo.cfg');
    expect(warnings).toEqual([
      { key: 'ticktime', line: 3, message: 'unknown key ticktime, ignored; did you mean tickTime?' },
      { key: 'foo.bar.baz', line: 4, message: 'unknown key foo.bar.baz, ignored' },
      {
        key: 'admin.portUnification',
        line: 5,
        message: 'the admin server speaks plain HTTP alone',
      },
    ]);
  });

  test('says nothing about keys that make no difference to an ensemble of one', () => {
    expect(parseZooCfg(`${least}initLimit=10\nsyncLimit=5\nreconfigEnabled=true`, 'zoo.cfg').warnings).toEqual([]);
  });

  test.each([
    ['tickTime=fast', 'tickTime=fast: must be a whole number of milliseconds, at least 1'],
    ['clientPort=99999', 'clientPort=99999: must be a whole number, from 0 to 65535'],
    ['forceSync=maybe', 'forceSync=maybe: must be yes or no'],
    ['extendedTypesEnabled=1', 'extendedTypesEnabled=1: must be true or false'],
  ])('with %s is refused, and told what is allowed', (line, message) => {
    expect(refusal(`${least}${line}`)).toContain('zoo.cfg, line 3: ');
    expect(refusal(`${least}${line}`)).toContain(message);
  });

  test('with several mistakes names them all', () => {
    expect(refusal('dataDir=/d\nclientPort=x\ntickTime=0').split('\n')).toHaveLength(2);
  });

  test('without a directory or a port is refused', () => {
    expect(refusal('clientPort=1')).toBe('zoo.cfg: dataDir is missing: must be the directory for snapshots and log');
    expect(refusal('dataDir=/d')).toBe('zoo.cfg: clientPort is missing: must be a whole number, from 0 to 65535');
  });

  test('whose shortest session is longer than its longest is refused', () => {
    expect(refusal(`${least}minSessionTimeout=50000`)).toContain('maxSessionTimeout=40000: must not be below');
  });
});
