import { describe, expect, test } from '@jest/globals';
import { parseZooCfg } from '../src/zoo-cfg.ts';

const least = 'dataDir=/data\nclientPort=2181\n';
const configOf = (lines: string) => parseZooCfg(`${least}${lines}`, 'zoo.cfg').config;
const provider = (name: string) => `metricsProvider.className=org.apache.zookeeper.metrics.${name}\n`;

describe('a zoo.cfg, to those who operate a server,', () => {
  test('has an admin server on port 8080 of every address, no metrics and no audit log, unless it says so', () => {
    expect(configOf('')).toMatchObject({
      admin: { host: '*', port: 8080, commandUrl: '/commands', idleMs: 30_000 },
      syncWarnMs: 1000,
    });
    expect(configOf('')).toHaveProperty('metrics', undefined);
    expect(configOf('')).toHaveProperty('auditFile', undefined);
  });

  test('may move the admin server, or do without', () => {
    const moved = `admin.serverPort=0
admin.serverAddress=127.0.0.1
admin.commandURL=/zk/commands
admin.idleTimeout=500`;
    expect(configOf(moved).admin).toEqual({ host: '127.0.0.1', port: 0, commandUrl: '/zk/commands', idleMs: 500 });
    expect(configOf('admin.enableServer=false').admin).toBeUndefined();
  });

  test('has metrics with the provider for Prometheus, on port 7000 unless it says where', () => {
    const prometheus = provider('prometheus.PrometheusMetricsProvider');
    expect(configOf(prometheus).metrics).toEqual({ host: '*', port: 7000, ofProcess: 'exported' });
    const placed = `${prometheus}metricsProvider.httpHost=127.0.0.1
metricsProvider.httpPort=7001
metricsProvider.exportJvmInfo=false`;
    expect(configOf(placed).metrics).toEqual({ host: '127.0.0.1', port: 7001, ofProcess: 'left_out' });
    expect(configOf(provider('impl.DefaultMetricsProvider')).metrics).toBeUndefined();
  });

  test('keeps an audit log beside the log unless it names a file', () => {
    expect(configOf('audit.enable=true').auditFile).toBe('/data/audit.log');
    expect(configOf('dataLogDir=/log\naudit.enable=true').auditFile).toBe('/log/audit.log');
    expect(configOf('audit.enable=true\naudit.file=-').auditFile).toBe('-');
    expect(configOf('audit.enable=false\naudit.file=/a').auditFile).toBeUndefined();
  });

  test('keeps three snapshots at least, and says so', () => {
    const { config, warnings } = parseZooCfg(`${least}autopurge.snapRetainCount=1`, 'zoo.cfg');
    expect(config.snapshotsKept).toBe(3);
    const message = '3 are kept: fewer never are';
    expect(warnings).toEqual([{ key: 'autopurge.snapRetainCount', line: 3, message }]);
    expect(configOf('autopurge.snapRetainCount=0\nautopurge.purgeInterval=0').snapshotsKept).toBe('all');
  });

  test('is shown again without its secrets', () => {
    const text = `DigestAuthenticationProvider.superDigest=super:abc=\nssl.keyStore.password = pw\n# no password here\n`;
    expect(configOf(text).initialConfiguration).toBe(
      `${least}DigestAuthenticationProvider.superDigest=***\nssl.keyStore.password = ***\n# no password here\n`,
    );
  });

  test.each([
    ['admin.serverPort=70000', 'must be a whole number, from 0 to 65535'],
    ['admin.commandURL=commands', 'must be a path such as /commands'],
    ['admin.forceHttps=true', 'must be false: the admin server speaks plain HTTP here'],
    ['admin.enableServer=maybe', 'must be true or false'],
    ['metricsProvider.className=com.example.Mine', 'must be one of org.apache.zookeeper.metrics.prometheus'],
  ])('is refused with %s, and told what is allowed', (line, allowed) => {
    expect(() => configOf(line)).toThrow(`zoo.cfg, line 3: ${line}: ${allowed}`);
  });
});
