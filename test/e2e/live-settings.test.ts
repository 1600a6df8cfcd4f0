import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connect as connectClient } from '@reeve/client';
import { connect, type Reeve, type WorkerSummary } from '@reeve/sdk';
import {
  atTestEnd,
  type Engine,
  eventually,
  startReeveCoordinator,
  TestProcess,
  temporaryDirectory,
} from '@reeve/testkit';
import { Member, reeve } from './fleet.ts';

describe('settings that change while the platform runs', () => {
  let coordinator: Engine;
  let root: string;
  let sdk: Reeve;
  let master: Member;
  let worker: Member;
  let directory: string;
  let nth = 0;

  beforeAll(async () => {
    coordinator = await startReeveCoordinator({ tickMs: 500 });
  }, 60_000);

  beforeEach(() => {
    nth += 1;
    root = `/live-${nth}`;
    directory = temporaryDirectory();
  });

  /** A master, a worker and a program. */
  async function startPlatform(): Promise<void> {
    const place = ['--connect', coordinator.address, '--root', root, '--session-timeout', '2s'];
    master = new Member('master', 'm', place);
    worker = new Member('worker', 'w', [...place, '--commands', '--slots', '6', '--queues', 'default', 'builds']);
    for (const member of [master, worker]) {
      member.start();
      atTestEnd(() => member.stop());
    }
    for (const member of [master, worker]) await member.ready();
    const opened = await connect({ connect: coordinator.address, root });
    atTestEnd(() => opened.close());
    sdk = opened;
  }

  async function config(...words: readonly string[]) {
    const env = { REEVE_CONNECT: coordinator.address, REEVE_ROOT: root, NO_COLOR: '1' };
    const child = new TestProcess(reeve('config', ...words), { env });
    const { code } = await child.exited;
    return { code, stdout: child.stdout, stderr: child.stderr };
  }

  /** A task that runs until it is released by name. */
  const block = (name: string, queue: string) =>
    sdk.submitCommand(['/bin/sh', '-c', `until [ -e ${join(directory, name)} ]; do sleep 0.05; done`], { queue });

  const release = (name: string) => writeFileSync(join(directory, name), '');

  const running = async () => (await sdk.list({ state: 'running', queue: 'builds' })).tasks.length;

  const runs = (count: number) =>
    eventually(async () => (await running()) === count, { what: `${count} builds run`, deadlineMs: 10_000 });

  /** Waits until the master has read a limit that was published. */
  const isLimited = (limit: number) =>
    eventually(() => master.output.includes(`"limits":{"builds":${limit}}`), {
      what: `builds are limited to ${limit}`,
    });

  /** Everything that could be assigned has been: a task of another queue that came later has run. */
  async function isSettled(): Promise<void> {
    await (await sdk.submitCommand(['true'], { priority: -1000 })).finished({ timeoutMs: 10_000 });
  }

  const workers = (fits: (worker: WorkerSummary) => boolean) =>
    eventually(async () => (await sdk.workers()).some(fits), { what: 'the worker says so', deadlineMs: 10_000 });

  test('a queue runs as many tasks as its limit allows, from the moment it is set', async () => {
    await startPlatform();
    expect(await config('set', 'queues/builds/limit=1')).toMatchObject({ code: 0 });
    await isLimited(1);
    const tasks = [];
    for (const name of ['a', 'b', 'c', 'd']) tasks.push(await block(name, 'builds'));
    await runs(1);
    await isSettled();
    expect(await running()).toBe(1);
    const reasons = await Promise.all(tasks.map(async (task) => (await task.describe()).reason?.code));
    expect(reasons.filter((reason) => reason === 'queue_limited')).toHaveLength(3);
    await config('set', 'queues/builds/limit=3');
    await runs(3);
    await isSettled();
    expect(await running()).toBe(3);
    await config('set', 'queues/builds/limit=0', '-m', 'freeze');
    await isLimited(0);
    for (const name of ['a', 'b', 'c', 'd']) release(name);
    await runs(0);
    await isSettled();
    expect((await sdk.list({ state: 'waiting', queue: 'builds' })).tasks).toHaveLength(1);
    await config('delete', 'queues/builds/limit');
    await Promise.all(tasks.map((task) => task.finished({ timeoutMs: 10_000 })));
  }, 60_000);

  test('a limit counts what runs already when it is set, and outlives the primary', async () => {
    await startPlatform();
    await block('a', 'builds');
    await block('b', 'builds');
    await runs(2);
    await config('set', 'queues/builds/limit=2');
    await isLimited(2);
    const backup = new Member('master', 'm2', ['--connect', coordinator.address, '--root', root]);
    backup.start();
    atTestEnd(() => backup.stop());
    const third = await block('c', 'builds');
    const [primary] = (await sdk.masters()).filter(({ role }) => role === 'primary');
    if (primary !== undefined) process.kill(primary.pid, 'SIGKILL');
    await eventually(
      async () => (await sdk.masters()).some(({ pid, role }) => role === 'primary' && pid !== primary?.pid),
      {
        what: 'the backup is primary',
        deadlineMs: 20_000,
      },
    );
    await isSettled();
    expect(await running()).toBe(2);
    for (const name of ['a', 'b', 'c']) release(name);
    await third.finished({ timeoutMs: 10_000 });
  }, 60_000);

  test('a worker takes slots, queues and the level of its log from the configuration, and gives them back', async () => {
    await startPlatform();
    await config('set', 'workers/default/slots=2', 'workers/w/queues=["builds"]', 'workers/w/logLevel=debug');
    await workers(({ record }) => record?.slots === 2 && record.queues.join() === 'builds');
    for (const name of ['a', 'b', 'c']) await block(name, 'builds');
    await runs(2);
    await config('set', 'workers/w/slots=3');
    await runs(3);
    for (const name of ['a', 'b', 'c']) release(name);
    await runs(0);
    await eventually(() => worker.output.includes('the attempt succeeded'), { what: 'the log says more' });
    await config('delete', '-r', 'workers');
    await workers(({ record }) => record?.slots === 6 && record.queues.join() === 'default,builds');
  }, 60_000);

  test('what cannot be followed any more is told, and those before stay', async () => {
    await startPlatform();
    await config('set', 'workers/w/slots=2', 'queues/builds/limit=1');
    await workers(({ record }) => record?.slots === 2);
    await isLimited(1);
    const client = await connectClient({ servers: coordinator.address });
    atTestEnd(() => client.close());
    for (const scope of ['workers', 'queues']) {
      await client.setData(`${root}/config/scopes/${scope}`, Buffer.from('of another program'));
    }
    for (const member of [master, worker]) {
      await eventually(() => member.output.includes(': those before stay'), { what: `the ${member.role} tells it` });
    }
    for (const name of ['a', 'b']) await block(name, 'builds');
    await runs(1);
    await workers(({ record }) => record?.slots === 2);
    for (const name of ['a', 'b']) release(name);
    await runs(0);
  }, 60_000);

  test.each([
    ['queues/builds/limit=many', 'queues/builds/limit is refused by the schema of queues'],
    ['queues/builds/limits=1', 'additional properties (limits)'],
    ['workers/w/slots=0', 'must be >= 1'],
    ['workers/w/queues=["a b"]', 'must match pattern'],
  ])('%s is refused when it is published', async (assignment, message) => {
    const { code, stderr } = await config('set', assignment);
    expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringContaining(message) });
  });
});
