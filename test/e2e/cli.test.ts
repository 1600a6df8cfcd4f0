import { execFile } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { eventually, freePort, startProcess, TestProcess, temporaryDirectory } from '@reeve/testkit';
import { reeve } from './fleet.ts';

// Each test starts several processes.
jest.setTimeout(60_000);

const handlers = fileURLToPath(new URL('./fixtures/cli-handlers.mjs', import.meta.url));

/** What a command that has ended has said. */
interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a `reeve` command to its end. */
async function run(words: readonly string[], options: { connect?: string; input?: string } = {}): Promise<Ended> {
  const env = { REEVE_CONNECT: options.connect ?? '127.0.0.1:1', NO_COLOR: '1' };
  const child = new TestProcess(reeve(...words), { env, input: options.input ?? '' });
  const { code } = await child.exited;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

/** A box that runs, and where it is. */
interface Box {
  readonly process: TestProcess;
  readonly connect: string;
  readonly dataDir: string;
}

async function startBox(...words: readonly string[]): Promise<Box> {
  const dataDir = join(temporaryDirectory(), 'data');
  const argv = reeve('up', '--port', '0', '--data-dir', dataDir, '--workers', '1', '--masters', '1', ...words);
  const up = await startProcess(argv, { ready: /Reeve is up at \S+:/, readyDeadlineMs: 60_000 });
  const connect = /up at (\S+):/.exec(up.stdout)?.[1] ?? '';
  return { process: up, connect, dataDir };
}

/** The command lines of the processes that belong to a box, itself not among them. */
async function processesOf({ connect, dataDir }: Pick<Box, 'connect' | 'dataDir'>): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'args'], { maxBuffer: 16 * 1024 * 1024 });
  return stdout.split('\n').filter((line) => line.includes(dataDir) || line.includes(connect));
}

describe('reeve up', () => {
  let box: Box;
  let ask: (...words: readonly string[]) => Promise<Ended>;

  beforeAll(async () => {
    box = await startBox('--handlers', handlers);
    ask = (...words) => run(words, { connect: box.connect });
  }, 90_000);

  test('runs a task for a handler, and prints its result', async () => {
    const { code, stdout, stderr } = await ask('submit', 'add', '--payload', '{"a":1,"b":2}', '--wait');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '3\n' });
    expect(stderr).toMatch(/^task \S+ succeeded/);
  });

  test('runs a command, and prints what it printed', async () => {
    expect(
      await ask('submit', '--wait', '--env', 'NAME=world', '--shell', 'echo "$0 $NAME"', '--', 'hello'),
    ).toMatchObject({
      code: 0,
      stdout: 'hello world\n',
    });
  });

  test('says of a task that fails why it did, with exit code 1', async () => {
    const { code, stderr } = await ask('submit', 'fail', '--wait');
    expect(code).toBe(1);
    expect(stderr).toMatch(/failed {2}handler_failed: no luck today/);
  });

  test('leads a task from submit through cancel and retry, and shows it at each step', async () => {
    const { stdout } = await ask('submit', 'untilCancelled');
    const taskId = stdout.trim();
    const state = async () => {
      const { stdout: json } = await ask('tasks', 'get', taskId, '--json');
      return (JSON.parse(json) as { state: string }).state;
    };
    await eventually(async () => (await state()) === 'running', { what: 'the task runs' });
    expect(await ask('tasks', 'retry', taskId)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('is not finished'),
    });
    expect(await ask('tasks', 'cancel', taskId, '--wait-timeout', '15s')).toMatchObject({
      code: 0,
      stdout: `${taskId}  cancelled\n`,
    });
    expect(await ask('tasks', 'cancel', taskId)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('finished already'),
    });
    expect(await ask('tasks', 'retry', taskId)).toMatchObject({ code: 0, stdout: `${taskId}  waiting again\n` });
    await eventually(async () => (await state()) === 'running', { what: 'the task runs again' });
    expect((await ask('tasks', 'list', '--state', 'running')).stdout).toContain(taskId);
    expect(await ask('tasks', 'cancel', taskId, '--wait-timeout', '15s')).toMatchObject({ code: 0 });
  });

  test('gives up waiting in time, with exit code 124', async () => {
    const { code, stderr } = await ask('submit', 'nobodyHasThis', '--wait-timeout', '100ms');
    expect(code).toBe(124);
    expect(stderr).toContain('100 ms');
  });

  test('says why a task waits', async () => {
    const { stdout } = await ask('submit', 'nobodyHasThisEither');
    expect((await ask('tasks', 'get', stdout.trim())).stdout).toMatch(
      /waiting {2}no worker .* has handler nobodyHasThisEither/,
    );
  });

  test('shows who is there and what there is', async () => {
    expect((await ask('masters', '--json')).stdout).toMatch(/"masterId":"master-1","role":"primary"/);
    expect((await ask('workers')).stdout).toMatch(/^WORKER .*\nworker-1-\S+ .* add, fail, untilCancelled, commands\n$/);
    const { stdout } = await ask('status', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ workers: 1, masters: 1, primary: { masterId: 'master-1' } });
  });

  test('follows a task until it is finished', async () => {
    const { stdout: id } = await ask('submit', 'add', '--payload', '{"a":1,"b":2}', '--delay', '5s');
    const { code, stdout } = await ask('tasks', 'watch', id.trim());
    expect(code).toBe(0);
    expect(stdout).toMatch(/waiting[\s\S]* assigned {2}to worker-1-\S+[\s\S]* succeeded/);
  });

  test('takes a file of tasks, and refuses one with a wrong line before anything is submitted', async () => {
    const file = join(temporaryDirectory(), 'tasks.ndjson');
    const lines = Array.from({ length: 300 }, (_, a) =>
      JSON.stringify({ handler: 'add', payload: { a, b: 1 }, queue: 'later' }),
    );
    writeFileSync(file, `${lines.join('\n')}\n`);
    expect(await ask('submit', '--from', file)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('submitted 300 tasks'),
    });
    writeFileSync(file, `${lines.join('\n')}\n{"handlr": "add"}\n`);
    const refused = await ask('submit', '--from', file);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('tasks.ndjson: line 301 has neither') });
    const { stdout } = await ask('tasks', 'list', '--queue', 'later', '--limit', '1000', '--json');
    expect(stdout.trim().split('\n')).toHaveLength(300);
  });

  test('does not mind a reader that goes away', async () => {
    const list = reeve('tasks', 'list', '--limit', '1000', '--json', '--connect', box.connect).join(' ');
    const shell = new TestProcess(['bash', '-c', `set -o pipefail; ${list} | head -n 1`], {});
    expect(await shell.exited).toEqual({ code: 0, signal: null });
    expect(shell.stdout.trim().split('\n')).toHaveLength(1);
    expect(shell.stderr).toBe('');
  });

  test('keeps others from its port and its data', async () => {
    const port = box.connect.split(':')[1] ?? '';
    const samePort = await run(['coordinator', '--data-dir', join(temporaryDirectory(), 'data'), '--port', port]);
    expect(samePort).toMatchObject({ code: 5, stderr: expect.stringContaining(`127.0.0.1:${port} is in use`) });
    const sameData = await run(['up', '--data-dir', box.dataDir, '--port', '0']);
    expect(sameData).toMatchObject({ code: 5, stderr: expect.stringContaining(box.dataDir) });
  });

  test('starts a process again that was killed', async () => {
    const { stdout } = await ask('masters', '--json');
    const { pid } = JSON.parse(stdout) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await box.process.line(/master-1 is started again/);
    await eventually(async () => (await ask('masters', '--json')).stdout.includes('"role":"primary"'), {
      what: 'a master is primary again',
      deadlineMs: 15_000,
    });
    expect(await ask('submit', 'add', '--payload', '{"a":2,"b":2}', '--wait')).toMatchObject({
      code: 0,
      stdout: '4\n',
    });
  });

  test('stops everything at Ctrl-C and leaves nothing behind', async () => {
    expect((await processesOf(box)).length).toBeGreaterThan(3);
    box.process.kill('SIGINT');
    expect(await box.process.exited).toEqual({ code: 0, signal: null });
    expect(await processesOf(box)).toEqual([]);
  });
});

describe('a box that is killed', () => {
  test('takes its processes with it', async () => {
    const box = await startBox();
    box.process.kill('SIGKILL');
    await box.process.exited;
    await eventually(async () => (await processesOf(box)).length === 0, {
      what: 'all processes end',
      deadlineMs: 15_000,
    });
  }, 90_000);
});

describe('without a coordinator', () => {
  test('every command says within seconds where it looked and what to do', async () => {
    const connect = `127.0.0.1:${await freePort()}`;
    const quiet = ['--log-level', 'error'];
    const commands = [
      ['status'],
      ['tasks', 'list'],
      ['submit', 'add'],
      ['master', ...quiet],
      ['worker', '--commands', ...quiet],
    ];
    for (const { code, stderr } of await Promise.all(commands.map((words) => run(words, { connect })))) {
      expect(code).toBe(4);
      expect(stderr).toContain(`no coordinator answers at ${connect}`);
      expect(stderr).toContain('reeve up');
      expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    }
  }, 60_000);
});

describe('the demo', () => {
  test('leaves no process and no file behind when it is interrupted', async () => {
    const directory = temporaryDirectory();
    const demo = await startProcess(reeve('demo'), {
      env: { TMPDIR: directory },
      ready: /submitted \d+ tasks/,
      readyDeadlineMs: 60_000,
    });
    const connect = /serve at (\S+);/.exec(demo.stdout)?.[1] ?? '';
    demo.kill('SIGINT');
    expect(await demo.exited).toEqual({ code: 130, signal: null });
    // A worker that is killed while it makes its ledger leaves the directory of it.
    expect(readdirSync(directory).filter((name) => !name.startsWith('reeve-ledger-'))).toEqual([]);
    expect(await processesOf({ connect, dataDir: directory })).toEqual([]);
  }, 90_000);
});

describe('what is wrong on the command line', () => {
  test.each<[string, readonly string[], string]>([
    ['an unknown command', ['subm'], 'Did you mean submit?'],
    ['an unknown option', ['submit', 'a', '--quue', 'q'], 'Did you mean --queue?'],
    ['a word too many', ['status', 'now'], 'too many arguments'],
    ['a missing id', ['tasks', 'get'], "missing required argument 'id'"],
    ['no id at all', ['tasks', 'get', 'x'], '"x" is not a task id'],
    ['a wrong duration', ['submit', 'a', '--delay', 'soon'], '"soon" is not a duration'],
    ['a wrong number', ['submit', 'a', '--priority', 'high'], 'between -1000 and 1000'],
    ['a wrong state', ['tasks', 'list', '--state', 'done'], 'waiting, running, succeeded'],
    ['a payload that is no JSON', ['submit', 'a', '--payload', '{a:1}'], '--payload is not JSON'],
    ['a payload that is not there', ['submit', 'a', '--payload', '@/no/such'], 'cannot read the payload'],
    ['nothing to submit', ['submit'], 'nothing to submit'],
    ['no command after the dashes', ['submit', '--'], 'no command after "--"'],
    ['a handler and a command', ['submit', 'a', '--', 'ls'], 'there is a command as well'],
    ['once and retries', ['submit', 'a', '--once', '--retries', '1'], 'contradict'],
    ['a file and a handler', ['submit', 'a', '--from', 'b'], '--from takes the place'],
    ['a file that is not there', ['submit', '--from', '/no/such'], 'cannot read /no/such'],
    ['a worker that runs nothing', ['worker'], 'nothing that this worker could run'],
    ['a coordinator without a place', ['coordinator'], '--data-dir'],
    ['a log level that is none', ['status', '--log-level', 'loud'], 'debug, info'],
  ])('%s is answered in one or two lines, with exit code 2', async (_what, words, message) => {
    const { code, stdout, stderr } = await run(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
  });

  test('is told to programs as JSON', async () => {
    const { code, stderr } = await run(['tasks', 'get', 'x', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'invalid_task', message: '"x" is not a task id' } });
  });
});

describe('help', () => {
  test.each([
    [''],
    ['up'],
    ['coordinator'],
    ['master'],
    ['worker'],
    ['submit'],
    ['tasks list'],
    ['tasks watch'],
    ['status'],
    ['demo'],
  ])('of "reeve %s" has an example', async (command) => {
    const { code, stdout } = await run([...command.split(' ').filter(Boolean), '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples:\n {2}\$ reeve /);
  });
});
