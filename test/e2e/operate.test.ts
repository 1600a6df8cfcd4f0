import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { RawClient, startProcess, TestProcess, temporaryDirectory } from '@reeve/testkit';
import { reeve } from './fleet.ts';

/** What `reeve coordinator --json` says when it serves. */
interface Serving {
  readonly process: TestProcess;
  readonly port: number;
  readonly adminPort: number | undefined;
  readonly metricsPort: number | undefined;
}

const ready = /^\{"port":.*\}$/m;

async function serving(...words: readonly string[]): Promise<Serving> {
  const started = await startProcess(reeve('coordinator', '--json', ...words), { ready });
  return { process: started, ...(JSON.parse(ready.exec(started.stdout)?.[0] ?? '{}') as Omit<Serving, 'process'>) };
}

/** A zoo.cfg of these lines, in a directory of its own. */
function zooCfg(...lines: readonly string[]): { readonly file: string; readonly dataDir: string } {
  const dataDir = temporaryDirectory();
  const file = join(dataDir, 'zoo.cfg');
  writeFileSync(file, [`dataDir=${dataDir}`, 'clientPort=0', 'clientPortAddress=127.0.0.1', ...lines, ''].join('\n'));
  return { file, dataDir };
}

async function occupied(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

const local = 'admin.serverAddress=127.0.0.1';
const prometheus = [
  'metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
  'metricsProvider.httpHost=127.0.0.1',
];

async function text(port: number | undefined, path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}

describe('a coordinator', () => {
  test('serves admin commands and metrics where it is told to on the command line, and nowhere else', async () => {
    const plain = await serving('--data-dir', temporaryDirectory(), '--port', '0');
    expect([plain.adminPort, plain.metricsPort]).toEqual([undefined, undefined]);
    const place = ['--data-dir', temporaryDirectory(), '--port', '0'];
    const { adminPort, metricsPort } = await serving(...place, '--admin-port', '0', '--metrics-port', '0');
    expect(JSON.parse(await text(adminPort, '/commands/ruok'))).toEqual({ command: 'ruok', error: null });
    expect(await text(metricsPort, '/metrics')).toMatch(/^znode_count 4$/m);
  });

  test('goes on without an admin server whose port is in use, and says so', async () => {
    const { server, port } = await occupied();
    const { file } = zooCfg(local, `admin.serverPort=${port}`);
    const { process, ...ports } = await serving('--config', file);
    expect(ports.adminPort).toBeUndefined();
    await process.line(/there is no admin server: 127\.0\.0\.1:\d+ is in use: .*\(admin\.serverPort, --admin-port\)/);
    const client = await RawClient.open(ports.port);
    expect((await client.create('/served')).error).toBe('ok');
    await client.destroy();
    server.close();
  });

  test('does not start without the metrics it is to serve', async () => {
    const { server, port } = await occupied();
    const { file } = zooCfg('admin.enableServer=false', ...prometheus, `metricsProvider.httpPort=${port}`);
    const refused = new TestProcess(reeve('coordinator', '--config', file), {});
    expect((await refused.exited).code).toBe(5);
    expect(refused.stderr).toContain(`127.0.0.1:${port} is in use: stop what listens there, or choose another`);
    expect(refused.stderr).toContain('metricsProvider.httpPort');
    server.close();
  });

  test('stops at Ctrl-C although somebody has not finished asking', async () => {
    const { file } = zooCfg(local, 'admin.serverPort=0', ...prometheus, 'metricsProvider.httpPort=0');
    const { process, adminPort, metricsPort } = await serving('--config', file);
    const sockets = [adminPort, metricsPort].map((port) => connect(port as number, '127.0.0.1'));
    const ended = sockets.map(
      (socket) => new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve)),
    );
    for (const socket of sockets) {
      await new Promise<void>((resolve) => socket.write('GET /commands HTTP/1.1\r\nHost: here\r\n', () => resolve()));
    }
    process.kill('SIGINT');
    expect((await process.exited).code).toBe(0);
    await Promise.all(ended);
  });

  test('keeps an audit log of who changed what, over restarts', async () => {
    const { file, dataDir } = zooCfg('admin.enableServer=false', 'audit.enable=true');
    for (const path of ['/first', '/second']) {
      const { process, port } = await serving('--config', file);
      const client = await RawClient.open(port);
      expect((await client.create(path)).error).toBe('ok');
      expect((await client.create('/first')).error).toBe('node_exists');
      await client.destroy();
      await process.stop();
    }
    const lines = readFileSync(join(dataDir, 'audit.log'), 'utf8').trim().split('\n');
    const told = lines.map((line) => JSON.parse(line) as Record<string, string>);
    const once = (znode: string) => [
      ['serverStart', undefined, 'success'],
      ['create', znode, 'success'],
      ['create', '/first', 'failure'],
      ['serverStop', undefined, 'invoked'],
    ];
    expect(told.map(({ operation, znode, result }) => [operation, znode, result])).toEqual([
      ...once('/first'),
      ...once('/second'),
    ]);
    expect(told[1]).toMatchObject({ level: 'info', user: '127.0.0.1', ip: '127.0.0.1', znode_type: 'persistent' });
    expect(told[1]?.session).toMatch(/^0x[1-9a-f][0-9a-f]+$/);
  });

  test('does not start without the audit log it is to keep', async () => {
    const { file } = zooCfg('admin.enableServer=false', 'audit.enable=true', 'audit.file=/dev/null/audit.log');
    const refused = new TestProcess(reeve('coordinator', '--config', file), {});
    expect((await refused.exited).code).toBe(5);
    expect(refused.stderr).toMatch(
      /the audit log \/dev\/null\/audit\.log cannot be written: .* Name another place with audit\.file/,
    );
  });

  test('warns of a slow disk, once in a while', async () => {
    const { file } = zooCfg('admin.enableServer=false', 'fsync.warningthresholdms=0');
    const { process, port } = await serving('--config', file);
    const client = await RawClient.open(port);
    for (let i = 0; i < 5; i += 1) await client.create(`/n${i}`);
    await client.destroy();
    await process.line(/the disk is slow: every write waits for it \(fsync\.warningthresholdms\)/);
    await process.stop();
    expect(process.stderr.match(/the disk is slow/g)).toHaveLength(1);
  });
});
