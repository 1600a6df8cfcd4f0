import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { atTestEnd, type Engine, eventually, startProcess, startReeveCoordinator, TestProcess } from '@reeve/testkit';
import { reeve } from './fleet.ts';

// Each test starts many processes, and waits for sessions to expire.
jest.setTimeout(60_000);

/** What a command that has ended has said. */
interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('reeve service', () => {
  let coordinator: Engine;
  let nth = 0;
  /** The service of each test. */
  let service: string;

  beforeAll(async () => {
    coordinator = await startReeveCoordinator({ tickMs: 500 });
  }, 60_000);

  beforeEach(() => {
    nth += 1;
    service = `api-${nth}`;
  });

  const environment = (connect = coordinator.address) => ({ REEVE_CONNECT: connect, NO_COLOR: '1' });

  async function run(...words: readonly string[]): Promise<Ended> {
    const child = new TestProcess(reeve('service', ...words), { env: environment() });
    const { code } = await child.exited;
    return { code, stdout: child.stdout, stderr: child.stderr };
  }

  async function register(address: string, ...words: readonly string[]): Promise<TestProcess> {
    const options = ['--address', address, '--session-timeout', '10s', ...words];
    const child = await startProcess(reeve('service', 'register', service, ...options), { env: environment() });
    await child.line(/: registered /);
    return child;
  }

  /** A `reeve service watch` that has told what there is. */
  function watch(): Promise<TestProcess> {
    return startProcess(reeve('service', 'watch', service), { env: environment(), ready: /in touch/ });
  }

  test.each([
    ['service', 'list'],
    ['service', 'watch'],
    ['config', 'watch'],
    ['queue', 'ls'],
    ['barrier', 'open', 'b'],
  ])('%s %s is called off by Ctrl-C while it looks for a coordinator', async (...words) => {
    const silent = createServer();
    let isAsked: 'no' | 'yes' = 'no';
    silent.on('connection', () => (isAsked = 'yes')).on('clientError', () => undefined);
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    atTestEnd(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const child = new TestProcess(reeve(...words), { env: environment(`127.0.0.1:${port}`) });
    await eventually(() => isAsked === 'yes', { what: 'it looks for a coordinator' });
    child.kill('SIGINT');
    expect(await child.exited).toEqual({ code: 130, signal: null });
    expect(child.stderr).toBe('reeve: interrupted\n');
  });

  test('registers an instance for as long as a command runs, and ends as that does', async () => {
    const watching = await watch();
    const line = 'echo "$REEVE_SERVICE at $REEVE_ADDRESS"; read -r _ < "$0"; exit 7';
    const fifo = `/tmp/${service}-${process.pid}.fifo`;
    await startProcess(['mkfifo', fifo]).then((made) => made.exited);
    atTestEnd(async () => void (await new TestProcess(['rm', '-f', fifo], {}).exited));
    const labels = ['--label', 'zone=a', '--meta', 'version=7', '--weight', '2', '--id', 'one'];
    const running = await register('10.0.0.7:8080', ...labels, '--', 'sh', '-c', line, fifo);
    await watching.line(/appeared {2}10\.0\.0\.7:8080 {2}one {2}up {2}weight 2\n/);
    expect((await run('list', service)).stdout).toMatch(
      /^ADDRESS .*\n10\.0\.0\.7:8080 +up +2 +- .* zone=a +one +version=7\n$/,
    );
    const { stdout } = await run('list', service, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      id: 'one',
      labels: { zone: 'a' },
      metadata: { version: '7' },
      weight: 2,
    });
    await startProcess(['sh', '-c', `echo > ${fifo}`]);
    expect(await running.exited).toEqual({ code: 7, signal: null });
    expect(running.stdout).toBe(`${service} at 10.0.0.7:8080\n`);
    await watching.line(/gone {6}10\.0\.0\.7:8080/);
    watching.kill('SIGINT');
    expect((await watching.exited).code).toBe(130);
  });

  test('tells those who watch that an instance was killed, and that it is back', async () => {
    const watching = await watch();
    const first = await register('10.0.0.1:80', '--session-timeout', '2s');
    await watching.line(/appeared {2}10\.0\.0\.1:80/);
    first.kill('SIGKILL');
    await watching.line(/gone {6}10\.0\.0\.1:80/);
    await register('10.0.0.1:80');
    await watching.line(/returned {2}10\.0\.0\.1:80/);
  });

  test('registers again what was stopped for so long that its session has expired', async () => {
    const watching = await watch();
    const sleeper = await register('10.0.0.1:80', '--session-timeout', '2s');
    sleeper.kill('SIGSTOP');
    await watching.line(/gone {6}10\.0\.0\.1:80/);
    expect((await run('resolve', service)).code).toBe(3);
    sleeper.kill('SIGCONT');
    await watching.line(/returned {2}10\.0\.0\.1:80/);
    await sleeper.line(/not registered any more; it will be again\n.*registered 10\.0\.0\.1:80/);
  });

  test('drains at Ctrl-C: callers are told first, and the command ends after the grace', async () => {
    const watching = await watch();
    const running = await register(
      '10.0.0.1:80',
      '--grace',
      '5s',
      '--',
      'sh',
      '-c',
      'trap "echo asked to end; exit" TERM; sleep 60 & wait',
    );
    running.kill('SIGINT');
    await watching.line(/changed .*10\.0\.0\.1:80 .*draining\n[^\n]*gone/);
    expect(await running.exited).toEqual({ code: 130, signal: null });
    expect(running.stdout).toBe('asked to end\n');
  });

  test('has an instance passed over while its probe does not find it well', async () => {
    let status = 503;
    const server = createServer((_request, response) => response.writeHead(status).end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    atTestEnd(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const probe = ['--probe', `http://127.0.0.1:${port}/health`, '--probe-interval', '20ms'];
    const running = await register('10.0.0.1:80', ...probe);
    await running.line(/: down: GET http.*: status 503\n/);
    expect(await run('resolve', service)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('of its instances (down) none is to be called'),
    });
    status = 200;
    expect(await run('resolve', service, '--wait', '15s')).toMatchObject({ code: 0, stdout: '10.0.0.1:80\n' });
    await running.line(/: up\n/);
  });

  test('resolves by policy, key, label and count', async () => {
    const addresses = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'];
    await Promise.all(addresses.map((address, i) => register(address, '--id', `i${i}`, '--label', `zone=z${i}`)));
    const resolved = async (...words: readonly string[]) => (await run('resolve', service, ...words)).stdout.trim();
    const [all, near, far, uri, ...byKey] = await Promise.all([
      resolved('--count', '5'),
      resolved('--prefer', 'zone=z1'),
      resolved('--prefer', 'zone=none'),
      resolved('--prefer', 'zone=z2', '--uri'),
      resolved('--key', 'user-7'),
      resolved('--key', 'user-7'),
    ]);
    expect([all.split('\n').sort(), near, uri]).toEqual([addresses, '10.0.0.2:80', 'http://10.0.0.3:80']);
    expect(addresses).toContain(far);
    expect(byKey[0]).toBe(byKey[1]);
  });

  test('outlives a coordinator that is killed and started again', async () => {
    const running = await register('10.0.0.1:80');
    const watching = await watch();
    await coordinator.kill();
    await watching.line(/out of touch/);
    await coordinator.start();
    await watching.line(/out of touch[^\n]*\n[^\n]*in touch/);
    expect((await run('resolve', service)).stdout).toBe('10.0.0.1:80\n');
    await running.stop();
    await watching.line(/gone/);
  });

  const mistakes: readonly (readonly [string, readonly string[], Partial<Record<keyof Ended, unknown>>])[] = [
    ['a service without instances', ['resolve', 'none'], { code: 3, stderr: 'reeve: none: it has no instance\n' }],
    ['a wait for nothing', ['resolve', 'none', '--wait', '50ms'], { code: 124 }],
    ['no address', ['register', 'api'], { code: 2, stderr: expect.stringContaining('--address is missing') }],
    ['a name that is a path', ['register', 'a/b', '--address', 'h:1'], { code: 2 }],
    ['a probe that is none', ['register', 'api', '--address', 'h:1', '--probe', 'often'], { code: 2 }],
    ['a command that is none', ['register', 'api', '--address', 'h:1', '--', 'there-is-none'], { code: 127 }],
    ['nobody to ask', ['list', '--connect', '127.0.0.1:1'], { code: 4 }],
    [
      'an error, for programs',
      ['resolve', 'none', '--json'],
      { stderr: expect.stringMatching(/^{"error":{"code":"no_instance"/) },
    ],
  ];
  test.each(mistakes)('says of %s what is wrong', async (_what, words, said) => {
    expect(await run(...words)).toMatchObject(said);
  });

  test('refuses an id that somebody else holds and keeps', async () => {
    await register('10.0.0.1:80', '--id', 'one');
    const rival = await run('register', service, '--address', '10.0.0.2:80', '--id', 'one', '--session-timeout', '2s');
    expect(rival).toMatchObject({ code: 5, stderr: expect.stringContaining('not registered yet') });
  });
});
