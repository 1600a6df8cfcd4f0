import { beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import { atTestEnd, childrenIn, type Engine, eventually, startReeveCoordinator, TestProcess } from '@reeve/testkit';
import { reeve } from './fleet.ts';

// Each test starts many processes.
jest.setTimeout(60_000);

const SESSION = ['--session-timeout', '4s'];
/** Lives until it is told to end, and says so. */
const patient = 'trap "echo ends; exit 7" TERM INT; echo begins $REEVE_FENCE; while :; do sleep 0.05; done';
/** Lives on whatever it is told. */
const stubborn = 'trap "" TERM INT; echo begins; while :; do sleep 0.05; done';

let engine: Engine;
let witness: Client;
let name: string;
let nth = 0;

beforeAll(async () => {
  engine = await startReeveCoordinator({ tickMs: 500 });
  witness = await connect({ servers: engine.address });
  atTestEnd(() => witness.close());
}, 60_000);

beforeEach(() => {
  nth += 1;
  name = `n${nth}`;
});

function run(...words: readonly string[]): TestProcess {
  return new TestProcess(reeve(...words), { env: { REEVE_CONNECT: engine.address, NO_COLOR: '1' } });
}

async function ended(child: TestProcess) {
  const { code } = await child.exited;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

const said = (stdout: string) => expect.objectContaining({ stdout });
const stands = (count: number, room: string) =>
  eventually(async () => (await childrenIn(witness, `/reeve/${room}`)).length === count, {
    what: `${count} stand in line`,
  });

/** Only the `reeve` itself, as Ctrl-C and service managers do it, and not what it has started. */
function tell(child: TestProcess, signal: NodeJS.Signals): void {
  process.kill(child.pid as number, signal);
}

describe('reeve lock', () => {
  const sh = (line: string) => ['--', 'sh', '-c', line];

  test('runs a command while it holds the lock, and ends with its exit code', async () => {
    expect(await ended(run('lock', name, ...sh('echo "fence $REEVE_FENCE"; exit 3')))).toEqual({
      code: 3,
      stdout: expect.stringMatching(/^fence \d+\n$/),
      stderr: '',
    });
    expect(await ended(run('lock', name, ...sh('kill -9 $$')))).toMatchObject({ code: 137 });
    expect(await childrenIn(witness, `/reeve/locks/${name}`)).toEqual([]);
  });

  test('says what is wrong with the command line', async () => {
    const [missing, unknown, notRun, wrong, both] = await Promise.all([
      ended(run('lock', name)),
      ended(run('lock', name, '--', 'no-such-command')),
      ended(run('lock', name, '--', '/etc/passwd')),
      ended(run('lock', 'a/b', '--', 'true')),
      ended(run('lock', '--revoke', name, '--', 'true')),
    ]);
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('run no command') });
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no command to run') });
    expect(unknown).toMatchObject({ code: 127, stderr: expect.stringContaining('"no-such-command" cannot be run') });
    expect(notRun).toMatchObject({ code: 126 });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('"a/b" is not a name') });
    await stands(0, `locks/${name}`);
  });

  test('of several at once, one runs after the other', async () => {
    const line = 'mkdir "$0" || exit 9; sleep 0.1; rmdir "$0"';
    const place = `/tmp/reeve-${process.pid}-${name}`;
    const all = [1, 2, 3, 4].map(() => run('lock', name, ...sh(line), place));
    expect((await Promise.all(all.map(ended))).map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  });

  test('a job that runs on several machines runs on one: who only tries goes home', async () => {
    const holder = run('lock', name, ...sh(patient));
    await holder.line(/begins/);
    const [tried, waited, quiet] = await Promise.all([
      ended(run('lock', '--try', name, '--', 'true')),
      ended(run('lock', '--timeout', '300ms', name, '--', 'true')),
      ended(run('lock', '--try', '--quiet', name, '--', 'true')),
    ]);
    const who = `held by .*, process ${holder.pid}`;
    expect(tried).toMatchObject({ code: 124, stderr: expect.stringMatching(`the lock "${name}" is not free: ${who}`) });
    expect(waited).toMatchObject({ code: 124, stderr: expect.stringMatching(`not obtained in time: ${who}`) });
    expect(quiet).toEqual({ code: 124, stdout: '', stderr: '' });
    const shown = await ended(run('lock', '--who', '--json', name));
    expect(JSON.parse(shown.stdout)).toMatchObject({ role: 'holds', pid: holder.pid });
    tell(holder, 'SIGINT');
    expect(await ended(holder)).toMatchObject({ code: 130, stdout: expect.stringMatching(/^begins \d+\nends\n$/) });
    await stands(0, `locks/${name}`);
  });

  test('many share it, and nobody holds it alone meanwhile', async () => {
    const readers = [run('lock', '--shared', name, ...sh(patient)), run('lock', '--shared', name, ...sh(patient))];
    await Promise.all(readers.map((reader) => reader.line(/begins/)));
    expect(await ended(run('lock', '--try', name, '--', 'true'))).toMatchObject({ code: 124 });
    for (const reader of readers) tell(reader, 'SIGTERM');
    await Promise.all(readers.map((reader) => reader.exited));
    expect(await ended(run('lock', '--try', name, '--', 'echo', 'alone'))).toEqual(said('alone\n'));
  });

  test('who waits and is interrupted leaves, and a command that does not end is killed', async () => {
    const holder = run('lock', '--grace', '200ms', name, ...sh(stubborn));
    await holder.line(/begins/);
    const waiter = run('lock', name, '--', 'echo', 'never');
    await stands(2, `locks/${name}`);
    tell(waiter, 'SIGINT');
    expect(await ended(waiter)).toEqual({ code: 130, stdout: '', stderr: '' });
    await stands(1, `locks/${name}`);
    tell(holder, 'SIGTERM');
    expect(await ended(holder)).toMatchObject({ code: 130 });
    await stands(0, `locks/${name}`);
  });

  test('whoever asks for the lock gets it from a command that gives way', async () => {
    const holder = run('lock', '--revocable', name, ...sh(patient));
    await holder.line(/begins/);
    const next = run('lock', name, '--', 'echo', 'next');
    await stands(2, `locks/${name}`);
    expect(await ended(run('lock', '--revoke', name))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('asked 1'),
    });
    expect(await ended(holder)).toMatchObject({ code: 7, stdout: expect.stringContaining('ends') });
    expect(await ended(next)).toEqual(said('next\n'));
  });

  test('all who share a lock are asked for it', async () => {
    const shared = () => run('lock', '--shared', '--revocable', name, ...sh(patient));
    const readers = [shared(), shared()];
    await Promise.all(readers.map((reader) => reader.line(/begins/)));
    expect(await ended(run('lock', '--revoke', name))).toMatchObject({ stdout: expect.stringContaining('asked 2') });
    for (const reader of readers) expect(await ended(reader)).toMatchObject({ code: 7 });
  });

  test('when it is killed its command ends before the next one begins', async () => {
    const holder = run('lock', ...SESSION, name, ...sh(patient));
    await holder.line(/begins/);
    const next = run('lock', name, '--', 'echo', 'next');
    await stands(2, `locks/${name}`);
    tell(holder, 'SIGKILL');
    await holder.line(/ends/);
    expect(next.stdout).toBe('');
    expect(await ended(next)).toEqual(said('next\n'));
  });
});

describe('without a coordinator', () => {
  let other: Engine;
  // Three quarters of it are left to the coordinator to come back in, a sixth to commands to end in.
  const LONG = ['--session-timeout', '10s'];

  beforeAll(async () => {
    other = await startReeveCoordinator({ tickMs: 500 });
  }, 60_000);

  const runThere = (...words: readonly string[]) =>
    new TestProcess(reeve(...words), { env: { REEVE_CONNECT: other.address, NO_COLOR: '1' } });

  test('a lock is lost, and its command ended; one that comes back soon changes nothing', async () => {
    const holder = runThere('lock', ...LONG, name, '--', 'sh', '-c', patient);
    await holder.line(/begins/);
    await other.kill();
    await other.start();
    const waiter = runThere('lock', ...LONG, '--try', name, '--', 'true');
    expect(await ended(waiter)).toMatchObject({ code: 124 });
    expect(holder.running).toBe(true);
    await other.kill();
    expect(await ended(holder)).toEqual({
      code: 6,
      stdout: expect.stringMatching(/^begins \d+\nends\n$/),
      stderr: expect.stringContaining(`the lock "${name}" was lost, and the command ended`),
    });
    expect(await ended(runThere('lock', '--session-timeout', '1s', name, '--', 'true'))).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('no coordinator answers'),
    });
    await other.start();
  });

  test('who is elected stands again when the coordinator is back', async () => {
    const leader = runThere('elect', ...LONG, name, '--', 'sh', '-c', patient);
    await leader.line(/begins/);
    await other.kill();
    await leader.line(/no longer elected/);
    await other.start();
    await leader.line(/begins \d+\nends\nbegins \d+/);
    tell(leader, 'SIGINT');
    expect(await ended(leader)).toMatchObject({ code: 130 });
  });
});

describe('reeve elect', () => {
  test('runs the command on one, on the next when that one goes, and ends with it', async () => {
    const first = run('elect', name, '--', 'sh', '-c', patient);
    await first.line(/begins (\d+)/);
    const second = run('elect', name, '--', 'sh', '-c', 'echo second $REEVE_FENCE; exit 5');
    await stands(2, `elections/${name}`);
    expect(second.stdout).toBe('');
    const shown = await ended(run('elect', '--who', '--json', name));
    const roles = shown.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(roles).toMatchObject([
      { role: 'holds', pid: first.pid },
      { role: 'waits', pid: second.pid },
    ]);
    tell(first, 'SIGINT');
    expect(await ended(first)).toMatchObject({ code: 130, stdout: expect.stringMatching(/ends\n$/) });
    const { code, stdout } = await ended(second);
    expect({ code, stdout }).toEqual({ code: 5, stdout: expect.stringMatching(/^second \d+\n$/) });
    const [before, after] = [first.stdout, stdout].map((text) => Number(/\d+/.exec(text)?.[0]));
    expect(after).toBeGreaterThan(before as number);
    await stands(0, `elections/${name}`);
  });

  test('needs a command, and a coordinator to begin with', async () => {
    expect(await ended(run('elect', name))).toMatchObject({ code: 2 });
    const nobody = run('elect', '-c', '127.0.0.1:1', '--session-timeout', '500ms', name, '--', 'true');
    expect(await ended(nobody)).toMatchObject({ code: 4 });
  });
});

describe('reeve semaphore', () => {
  test('so many run at once, more when somebody says so', async () => {
    const start = () => run('semaphore', name, '--leases', '2', '--', 'sh', '-c', patient);
    const running = [start(), start()];
    await Promise.all(running.map((child) => child.line(/begins/)));
    const third = start();
    await stands(1, `semaphores/${name}/locks`);
    expect(await ended(run('semaphore', name, '--leases', '2', '--try', '--', 'true'))).toMatchObject({ code: 124 });
    expect(await ended(run('semaphore', name, '--resize', '3'))).toMatchObject({ code: 0 });
    await third.line(/begins/);
    const shown = await ended(run('semaphore', name, '--who'));
    expect(shown.stdout.match(/holds/g)).toHaveLength(3);
    for (const child of [...running, third]) tell(child, 'SIGTERM');
    await Promise.all([...running, third].map((child) => child.exited));
    await stands(0, `semaphores/${name}/leases`);
    expect(await ended(run('semaphore', name, '--resize', '4', '--revoke'))).toMatchObject({ code: 0 });
    expect((await witness.getData(`/reeve/semaphores/${name}/count`)).data?.readInt32BE()).toBe(4);
  });
});
