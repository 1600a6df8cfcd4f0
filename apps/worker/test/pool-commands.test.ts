import { describe, expect, test } from '@jest/globals';
import { eventually } from '@reeve/testkit';
import { monotonicMs } from '../src/message.ts';
import { AMPLE_GRACE_MS, isAlive, PoolHarness } from './pool-harness.ts';

const harness = new PoolHarness({ slots: 2, modules: [] });
const { pool } = harness;

/** By then a shell on a busy machine has set its traps. */
const TRAPPED_MS = 2_000;

/** Two processes that note their ids and ignore all but SIGKILL. */
const stubborn = (name: string) =>
  `trap '' TERM; (trap '' TERM; sleep 1000 & wait) & echo "$! $$" > ${harness.file(name)}; while :; do sleep 1; done`;

async function pidsIn(name: string): Promise<readonly number[]> {
  const line = await eventually(() => harness.lines(name)[0], { what: 'the command has noted its processes' });
  return line.split(' ').map(Number);
}

test('a pool without handlers starts', async () => {
  expect(await pool.start()).toEqual([]);
});

describe('a command that ends', () => {
  test('its exit code and output are the result', async () => {
    const result = await harness.result(harness.shell('echo out; echo err >&2'));
    expect(result).toEqual({ exitCode: 0, stdout: 'out\n', stderr: 'err\n' });
  });

  test('it knows its task, attempt and fence', async () => {
    const line = 'echo $REEVE_TASK_ID $REEVE_ATTEMPT $REEVE_FENCE $MINE';
    const work = { kind: 'command', argv: ['/bin/sh', '-c', line], env: { MINE: 'yes' } } as const;
    const execution = harness.add(work, { attempt: 3, fence: 99 });
    expect(await harness.result(execution)).toMatchObject({ stdout: `${execution.taskId} 3 99 yes\n` });
  });

  test('no shell sees its arguments unless it asks for one', async () => {
    const plain = harness.add({ kind: 'command', argv: ['echo', '$HOME;', '`id`'] });
    const shell = harness.add({ kind: 'command', argv: ['zero', 'one'], shell: 'echo $0 $1' });
    expect(await harness.result(plain)).toMatchObject({ stdout: '$HOME; `id`\n' });
    expect(await harness.result(shell)).toMatchObject({ stdout: 'zero one\n' });
  });

  test('only the end of much output is kept', async () => {
    const result = await harness.result(harness.shell('yes 0123456789 | head -n 100000; echo the end'));
    const { stdout } = result as { stdout: string };
    expect(stdout.length).toBeLessThanOrEqual(8 * 1024 + 1);
    expect(stdout).toMatch(/^….*the end\n$/s);
  });

  test.each([
    ['exit 4', { exitCode: 4, message: '"/bin/sh" exited with code 4', stdout: 'out\n' }],
    ['kill -SEGV $$', { signal: 'SIGSEGV', message: '"/bin/sh" was ended by SIGSEGV', stdout: 'out\n' }],
  ])('%s fails', async (line, error) => {
    const end = await harness.end(harness.shell(`echo out; ${line}`));
    expect(end).toMatchObject({ kind: 'failed', hope: 'retry', error: { code: 'command_failed', ...error } });
  });

  test('a program that is not there fails', async () => {
    const error = await harness.error(harness.add({ kind: 'command', argv: ['/no/such/program'] }));
    expect(error).toMatchObject({
      code: 'command_failed',
      message: expect.stringMatching(/could not be started.*ENOENT/),
    });
  });

  test('arguments that no program can have fail', async () => {
    const end = await harness.end(harness.add({ kind: 'command', argv: ['echo', 'a\0b'] }));
    expect(end).toMatchObject({ hope: 'give_up', error: { code: 'command_failed' } });
  });

  test('what it left running ends with it', async () => {
    const result = await harness.result(harness.shell('sleep 1000 & echo $!'));
    const pid = Number((result as { stdout: string }).stdout);
    await eventually(() => !isAlive(pid), { what: 'the process in the background is gone' });
  });
});

describe('a command that does not end', () => {
  test('it is asked to when its time is up', async () => {
    const patient = new PoolHarness({ modules: [], graceMs: AMPLE_GRACE_MS });
    await patient.pool.start();
    const line = 'trap "echo bye; exit 1" TERM; sleep 1000 & wait';
    const error = await patient.error(patient.shell(line, { timeoutMs: TRAPPED_MS }));
    expect(error).toMatchObject({ code: 'timed_out', exitCode: 1, stdout: 'bye\n' });
  });

  test('one that does not listen is killed after the grace, with all it has started', async () => {
    const execution = harness.shell(stubborn('timed-out'), { timeoutMs: TRAPPED_MS });
    const pids = await pidsIn('timed-out');
    expect(await harness.error(execution)).toMatchObject({ code: 'timed_out', signal: 'SIGKILL' });
    await eventually(() => !pids.some(isAlive), { what: 'all its processes are gone' });
  });

  test('so is one that is cancelled', async () => {
    const execution = harness.shell(stubborn('cancelled'));
    const pids = await pidsIn('cancelled');
    pool.abort(execution, 'cancelled');
    expect(await harness.error(execution)).toMatchObject({ code: 'cancelled', signal: 'SIGKILL' });
    await eventually(() => !pids.some(isAlive), { what: 'all its processes are gone' });
  });

  test('no more run at a time than there are slots', async () => {
    const executions = [1, 2, 3].map(() => harness.shell('sleep 1000'));
    await eventually(() => pool.busy === 2, { what: 'two of them run' });
    expect(pool.waiting).toBe(1);
    for (const execution of executions) pool.abort(execution, 'cancelled');
    await pool.idle();
  });

  test('when the lease ends, it does', async () => {
    const execution = harness.shell(stubborn('lease'));
    const pids = await pidsIn('lease');
    pool.renewLease(monotonicMs() + 100);
    expect(await harness.error(execution)).toMatchObject({ code: 'worker_lost' });
    await eventually(() => !pids.some(isAlive), { what: 'all its processes are gone' });
    pool.renewLease(monotonicMs() + 60_000);
    expect(await harness.result(harness.shell('echo again'))).toMatchObject({ stdout: 'again\n' });
  });

  test('when the pool is stopped, it is ended', async () => {
    harness.shell(stubborn('stopped'));
    const pids = await pidsIn('stopped');
    await pool.stop();
    await eventually(() => !pids.some(isAlive), { what: 'all its processes are gone' });
  });
});
