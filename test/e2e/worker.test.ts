import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Engine, eventually, startFaultProxy, startProcess, startReeveCoordinator } from '@reeve/testkit';
import { reeve } from './fleet.ts';
import { type StageOptions, WorkerStage } from './worker-stage.ts';

const TEST_MS = 60_000;
/** Short enough to wait for its end; a tenth of it, which is left when nothing may run any more, is enough to look. */
const SESSION_MS = 8_000;

let coordinator: Engine;

beforeAll(async () => {
  coordinator = await startReeveCoordinator({ tickMs: 500 });
}, TEST_MS);

async function begin(options: Partial<StageOptions> = {}): Promise<{ stage: WorkerStage; workerId: string }> {
  const stage = await WorkerStage.open({ connect: coordinator.address, ...options });
  return { stage, workerId: await stage.workerId() };
}

/** Whether a process runs. One that has ended but whose paused parent has not taken note of it does not. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' });
  return stdout !== '' && !stdout.startsWith('Z');
}

async function gone(pids: readonly (string | number)[]): Promise<void> {
  const what = `${pids.join(', ')} are gone`;
  await eventually(() => !pids.some((pid) => isAlive(Number(pid))), { what, deadlineMs: 20_000 });
}

describe('what comes of an attempt', () => {
  test('success and failure are recorded, and the assignment goes', async () => {
    const { stage, workerId } = await begin();
    stage.release('free');
    const good = await stage.handle(workerId, 'wait', 'free');
    const bad = await stage.handle(workerId, 'fail', 'free');
    const command = await stage.give(workerId, { kind: 'command', argv: ['echo', 'hello'] });
    expect(await stage.status(good)).toMatchObject({ outcome: 'succeeded', attempts: 1, workerId });
    expect(await stage.status(bad)).toMatchObject({ outcome: 'failed', error: { code: 'handler_failed' } });
    expect(await stage.status(command)).toMatchObject({ outcome: 'succeeded', result: { stdout: 'hello\n' } });
    for (const taskId of [good, bad, command]) expect(await stage.isAssigned(workerId, taskId)).toBe(false);
  });

  test('a failure that may be followed by another attempt leaves a retry record', async () => {
    const { stage, workerId } = await begin();
    const retry = { attemptsMax: 2, backoffMs: 1_000, backoffMaxMs: 1_000 };
    const taskId = await stage.give(workerId, { kind: 'handler', handler: 'fail', payload: {} }, { retry });
    expect(await stage.retry(taskId)).toMatchObject({ attempts: 1, lastError: { code: 'handler_failed' } });
    expect(await stage.hasStatus(taskId)).toBe(false);
  });

  test('what is cancelled ends as cancelled', async () => {
    const { stage, workerId } = await begin();
    const running = await stage.handle(workerId, 'wait', 'cancelled');
    await stage.notes('cancelled');
    await stage.cancel(workerId, running);
    expect(await stage.status(running)).toMatchObject({ outcome: 'cancelled', error: { code: 'cancelled' } });
    expect((await stage.notes('cancelled', 2))[1]).toBe('aborted');
  });

  test('an attempt whose assignment is taken away is stopped, and leaves no status', async () => {
    const { stage, workerId } = await begin();
    const taskId = await stage.handle(workerId, 'wait', 'taken');
    await stage.notes('taken');
    await stage.client.delete(stage.layout.assignment(workerId, taskId));
    expect((await stage.notes('taken', 2))[1]).toBe('aborted');
    stage.release('next');
    const next = await stage.handle(workerId, 'wait', 'next');
    expect(await stage.status(next)).toMatchObject({ outcome: 'succeeded' });
    expect(await stage.hasStatus(taskId)).toBe(false);
  });

  test('an assignment that does not get a slot is handed back', async () => {
    const { stage, workerId } = await begin();
    await stage.handle(workerId, 'wait', 'occupant');
    await stage.notes('occupant');
    const taskId = await stage.handle(workerId, 'wait', 'waiting');
    const isBack = async () => !(await stage.isAssigned(workerId, taskId));
    await eventually(isBack, { what: 'the assignment is handed back' });
    expect(await stage.hasStatus(taskId)).toBe(false);
  });
});

describe('the session', () => {
  test(
    'outlives a handler that blocks its event loop for longer',
    async () => {
      const { stage, workerId } = await begin({ sessionTimeoutMs: 4_000 });
      const payload = { log: stage.file('long.log'), ms: 10_000 };
      const taskId = await stage.give(workerId, { kind: 'handler', handler: 'block', payload });
      expect(await stage.status(taskId)).toMatchObject({ outcome: 'succeeded', workerId });
      expect(await stage.isRegistered(workerId)).toBe(true);
    },
    TEST_MS,
  );

  test(
    'a result that comes up without a connection is written with the next one',
    async () => {
      const proxy = await startFaultProxy(coordinator.port);
      const { stage, workerId } = await begin({ connect: proxy.address, direct: coordinator.address });
      const taskId = await stage.handle(workerId, 'wait', 'cut-off');
      await stage.notes('cut-off');
      await proxy.refuse();
      stage.release('cut-off');
      expect((await stage.notes('cut-off', 2))[1]).toBe('done');
      await proxy.accept();
      expect(await stage.status(taskId)).toMatchObject({ outcome: 'succeeded', workerId });
    },
    TEST_MS,
  );

  test(
    'through a network that cuts connections within frames, every task runs once and ends once',
    async () => {
      const proxy = await startFaultProxy(coordinator.port);
      const { stage, workerId } = await begin({ connect: proxy.address, direct: coordinator.address, slots: 2 });
      proxy.cutRandomly({ seed: 4711, bytesMax: 300_000 });
      proxy.cut();
      const log = stage.file('noted.log');
      const ids = Array.from({ length: 1_000 }, (_, i) => `${i}`);
      for (let wave = 0; wave < ids.length; wave += 200) {
        const give = (id: string) => stage.give(workerId, { kind: 'handler', handler: 'note', payload: { log, id } });
        const taskIds = await Promise.all(ids.slice(wave, wave + 200).map(give));
        const statuses = await Promise.all(taskIds.map((taskId) => stage.status(taskId)));
        expect(statuses.every(({ outcome }) => outcome === 'succeeded')).toBe(true);
      }
      expect([...(await stage.notes('noted', ids.length))].sort()).toEqual([...ids].sort());
      expect(proxy.accepted).toBeGreaterThan(4);
      expect(await stage.isRegistered(workerId)).toBe(true);
    },
    TEST_MS,
  );

  test(
    'when it is lost, handlers stop before it can have ended, and the worker comes back as another',
    async () => {
      const proxy = await startFaultProxy(coordinator.port);
      const { stage, workerId } = await begin({
        connect: proxy.address,
        direct: coordinator.address,
        sessionTimeoutMs: SESSION_MS,
        slots: 2,
      });
      const polite = await stage.handle(workerId, 'wait', 'polite');
      const blocking = await stage.handle(workerId, 'block', 'blocking');
      const [pid] = await stage.notes('blocking');
      await stage.notes('polite');
      await proxy.refuse();
      expect((await stage.notes('polite', 2))[1]).toBe('aborted');
      await gone([pid ?? '']);
      expect(await stage.isRegistered(workerId)).toBe(true);
      await proxy.accept();
      expect(await stage.workerId(workerId)).not.toBe(workerId);
      expect(await stage.hasStatus(polite)).toBe(false);
      expect(await stage.hasStatus(blocking)).toBe(false);
    },
    TEST_MS,
  );
});

describe('the end of a worker', () => {
  test(
    'killed, it takes its handlers and commands with it',
    async () => {
      const { stage, workerId } = await begin({ slots: 2 });
      await stage.handle(workerId, 'block', 'handler');
      await stage.stubborn(workerId, 'command');
      const pids = [...(await stage.notes('handler')), ...(await stage.notes('command', 2))];
      stage.process.kill('SIGKILL');
      await gone(pids);
    },
    TEST_MS,
  );

  test(
    'paused, its handlers and commands end while the session still lives; resumed, it comes back as another',
    async () => {
      const { stage, workerId } = await begin({ slots: 2, sessionTimeoutMs: SESSION_MS });
      await stage.handle(workerId, 'block', 'handler');
      await stage.stubborn(workerId, 'command');
      const pids = [...(await stage.notes('handler')), ...(await stage.notes('command', 2))];
      stage.process.kill('SIGSTOP');
      await gone(pids);
      expect(await stage.isRegistered(workerId)).toBe(true);
      stage.process.kill('SIGCONT');
      expect(await stage.workerId(workerId)).not.toBe(workerId);
    },
    TEST_MS,
  );

  test(
    'drained, it hands back what has not started, finishes what runs, and leaves nothing behind',
    async () => {
      const { stage, workerId } = await begin();
      const running = await stage.handle(workerId, 'wait', 'running');
      const [pid] = await stage.notes('running');
      const waiting = await stage.handle(workerId, 'wait', 'unstarted');
      stage.process.kill('SIGTERM');
      const isBack = async () => !(await stage.isAssigned(workerId, waiting));
      await eventually(isBack, { what: 'the unstarted assignment is handed back' });
      const late = await stage.handle(workerId, 'wait', 'late');
      const isLateBack = async () => !(await stage.isAssigned(workerId, late));
      await eventually(isLateBack, { what: 'so is one that comes during the drain' });
      stage.release('running');
      expect(await stage.process.exited).toEqual({ code: 0, signal: null });
      expect(await stage.status(running)).toMatchObject({ outcome: 'succeeded' });
      expect(await stage.isRegistered(workerId)).toBe(false);
      expect(await stage.hasStatus(waiting)).toBe(false);
      await gone([pid ?? '']);
    },
    TEST_MS,
  );

  test(
    'what does not end within the drain is stopped, and left to others',
    async () => {
      const { stage, workerId } = await begin({ drainMs: 200, slots: 2 });
      const blocking = await stage.handle(workerId, 'block', 'blocking');
      const command = await stage.stubborn(workerId, 'command');
      const pids = [...(await stage.notes('blocking')), ...(await stage.notes('command', 2))];
      stage.process.kill('SIGTERM');
      expect(await stage.process.exited).toMatchObject({ code: 0 });
      await gone(pids);
      for (const taskId of [blocking, command]) {
        expect(await stage.isAssigned(workerId, taskId)).toBe(true);
        expect(await stage.hasStatus(taskId)).toBe(false);
      }
    },
    TEST_MS,
  );
});

test('a module that cannot be loaded is named before anything is registered', async () => {
  const worker = await startProcess(
    reeve('worker', '--connect', coordinator.address, '--handlers', '/no/such/file.mjs'),
  );
  expect((await worker.exited).code).not.toBe(0);
  expect(worker.stderr).toMatch(/cannot read \/no\/such\/file\.mjs/);
});
