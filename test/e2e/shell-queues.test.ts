import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import { Queue } from '@reeve/recipes';
import {
  atTestEnd,
  childrenIn,
  type Engine,
  eventually,
  startReeveCoordinator,
  TestProcess,
  temporaryDirectory,
} from '@reeve/testkit';
import { reeve } from './fleet.ts';

// Each test starts several processes.
jest.setTimeout(60_000);

let engine: Engine;
let witness: Client;
let root: string;
let nth = 0;

beforeAll(async () => {
  engine = await startReeveCoordinator();
  witness = await connect({ servers: engine.address });
  atTestEnd(() => witness.close());
}, 60_000);

beforeEach(() => {
  nth += 1;
  root = `/shell-${nth}`;
});

const environment = () => ({ REEVE_CONNECT: engine.address, REEVE_ROOT: root, NO_COLOR: '1' });

function begin(words: readonly string[], input?: string): TestProcess {
  return new TestProcess(reeve(...words), { env: environment(), ...(input !== undefined && { input }) });
}

async function run(words: readonly string[], input = '') {
  const child = begin(words, input);
  const { code } = await child.exited;
  return { code, stdout: child.stdout, stderr: child.stderr };
}

describe('reeve queue', () => {
  const stats = () => new Queue(witness, { path: `${root}/queues/mails` }).stats();

  test('prints what was put, the most urgent first, and says when there is nothing', async () => {
    expect(await run(['queue', 'put', 'mails', 'a', 'b'])).toEqual({ code: 0, stdout: '', stderr: 'put 2 items\n' });
    expect(await run(['queue', 'put', 'mails', '--priority', '1'], 'now')).toMatchObject({ code: 0 });
    expect(await run(['queue', 'take', 'mails', '--count', '2'])).toEqual({ code: 0, stdout: 'now\na\n', stderr: '' });
    const { stdout } = await run(['queue', 'take', '--json', 'mails']);
    expect(JSON.parse(stdout)).toMatchObject({ data: 'b', priority: 100, attempts: 1 });
    expect(await run(['queue', 'take', '--try', 'mails'])).toMatchObject({
      code: 124,
      stderr: expect.stringContaining('had nothing now'),
    });
  });

  test('carries bytes as they are, and refuses too many of them', async () => {
    const file = join(temporaryDirectory(), 'data');
    const data = randomBytes(1_000_000);
    writeFileSync(file, data);
    expect(await run(['queue', 'put', 'mails', `@${file}`])).toMatchObject({ code: 0 });
    const taken = new TestProcess(
      ['/bin/sh', '-c', `"$@" | cmp - ${file}`, 'sh', ...reeve('queue', 'take', '--raw', 'mails')],
      {
        env: environment(),
      },
    );
    expect((await taken.exited).code).toBe(0);
    writeFileSync(file, Buffer.concat([data, Buffer.from('.')]));
    expect(await run(['queue', 'put', 'mails', `@${file}`])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('longer than one znode may hold'),
    });
  });

  test('gives an item to a command, again when it fails, and at last to the queue of those that failed', async () => {
    await run(['queue', 'put', 'mails', 'x']);
    const take = ['queue', 'take', '--try', '--attempts', '2', 'mails', '--', '/bin/sh', '-c'];
    const work = 'echo "$(cat) $REEVE_ATTEMPT"; exit 7';
    expect(await run([...take, work])).toMatchObject({
      code: 7,
      stdout: 'x 1\n',
      stderr: expect.stringContaining('is back in the queue'),
    });
    expect(await run([...take, work])).toMatchObject({ code: 7, stdout: 'x 2\n' });
    expect(await stats()).toMatchObject({ ready: 0, taken: 0 });
    expect(await run(['queue', 'take', '--try', 'mails.failed', '--', 'cat'])).toMatchObject({ code: 0, stdout: 'x' });
  });

  test('works on one item after the other until it is stopped, and gives back what it was at', async () => {
    const worker = begin(['queue', 'take', '--follow', 'mails', '--', '/bin/sh', '-c', 'cat; echo; exec sleep 600']);
    await eventually(async () => (await stats()).takers === 1, { what: 'it waits' });
    await run(['queue', 'put', 'mails', 'x']);
    await eventually(() => worker.stdout === 'x\n', { what: 'it is at work' });
    expect((await run(['queue', 'ls', 'mails'])).stdout).toMatch(/entry-100-0000000000 {2}taken/);
    worker.kill('SIGINT');
    expect((await worker.exited).code).toBe(130);
    expect(await stats()).toMatchObject({ ready: 1, taken: 0, takers: 0 });
  });

  test('an item comes back when whoever is at it is killed', async () => {
    await run(['queue', 'put', 'mails', 'x']);
    const words = ['queue', 'take', '--session-timeout', '2s', 'mails', '--', '/bin/sh', '-c', 'cat; exec sleep 600'];
    const worker = begin(words);
    await eventually(() => worker.stdout === 'x', { what: 'it is at work' });
    worker.kill('SIGKILL');
    expect(await run(['queue', 'take', '--timeout', '15s', 'mails'])).toMatchObject({ code: 0, stdout: 'x\n' });
  });

  test('waits for room, or does not, and keeps what is delayed', async () => {
    await run(['queue', 'put', '--delay', '1h', 'mails', 'later']);
    const put = ['queue', 'put', '--limit', '1', 'mails'];
    expect(await run([...put, '--try', 'x'])).toMatchObject({ code: 5, stderr: expect.stringContaining('no room') });
    expect(await run([...put, '--timeout', '50ms', 'x'])).toMatchObject({ code: 124 });
    expect((await run(['queue', 'stats', 'mails'])).stdout).toMatch(
      /^ready {4}0\n.*\ndelayed {2}1, the next one due .*/,
    );
    expect(await run(['queue', 'take', '--try', 'mails'])).toMatchObject({ code: 124 });
  });

  test('says what there is, and what there is not', async () => {
    expect(await run(['queue', 'ls'])).toMatchObject({ code: 0, stderr: expect.stringContaining('no queues') });
    expect(await run(['queue', 'stats', 'mails'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no queue'),
    });
    await run(['queue', 'put', '--lines', 'mails'], 'a\nb\n');
    expect((await run(['queue', 'ls'])).stdout).toMatch(/^QUEUE .*\nmails +2 +0 +0 +0\n$/);
    expect(await run(['queue', 'put', 'a/b', 'x'])).toMatchObject({ code: 2 });
    expect(await run(['queue', 'take', 'mails', '--'])).toMatchObject({ code: 2 });
    expect(await run(['queue', 'take', 'mails', '--', 'no-such-command'])).toMatchObject({ code: 127 });
    expect(await stats()).toMatchObject({ ready: 2, taken: 0 });
  });
});

describe('reeve barrier', () => {
  test('holds back who waits until it is opened', async () => {
    expect(await run(['barrier', 'wait', 'gate'])).toMatchObject({ code: 0 });
    await run(['barrier', 'close', 'gate']);
    expect(await run(['barrier', 'wait', '--timeout', '50ms', 'gate'])).toMatchObject({
      code: 124,
      stderr: expect.stringContaining('is closed'),
    });
    const waiting = begin(['barrier', 'wait', 'gate']);
    await run(['barrier', 'open', 'gate']);
    expect((await waiting.exited).code).toBe(0);
  });

  test('lets several commands begin together, and ends with their exit codes', async () => {
    const enter = (code: number) =>
      run(['barrier', 'enter', 'race', '--members', '2', '--', '/bin/sh', '-c', `echo in; exit ${code}`]);
    const both = await Promise.all([enter(3), enter(4)]);
    expect(both.map(({ code, stdout }) => [code, stdout])).toEqual([
      [3, 'in\n'],
      [4, 'in\n'],
    ]);
    expect(await childrenIn(witness, `${root}/barriers/race`)).toEqual([]);
    expect(await run(['barrier', 'enter', 'race', '--members', '2', '--timeout', '50ms'])).toMatchObject({ code: 124 });
    expect(await childrenIn(witness, `${root}/barriers/race`)).toEqual([]);
  });
});
