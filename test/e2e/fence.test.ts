import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Client, connect, type WatchedEvent } from '@reeve/client';
import {
  decodePrimary,
  encodeAssignment,
  Layout,
  newTaskId,
  PrimaryStore,
  specDefaults,
  type TaskId,
  TaskStore,
  WorkerStore,
} from '@reeve/tasks';
import { type Engine, eventually, startReeveCoordinator } from '@reeve/testkit';
import { Member } from './fleet.ts';

const TICK_MS = 250;
const SESSION_MS = 4_000;
const TEST_MS = 120_000;
const TASKS = 1_000;

let coordinator: Engine;

beforeAll(async () => {
  coordinator = await startReeveCoordinator({ tickMs: TICK_MS });
}, TEST_MS);

/** A fleet of its own root, with everything that is seen of it. */
class Stage {
  readonly root: string;
  readonly layout: Layout;
  readonly client: Client;
  readonly store: TaskStore;
  /** Every event below the root, in order. */
  readonly events: WatchedEvent[] = [];

  private constructor(root: string, client: Client) {
    this.root = root;
    this.layout = new Layout(root);
    this.client = client;
    this.store = new TaskStore(client, this.layout);
  }

  static async open(root: string): Promise<Stage> {
    const client = await connect({ servers: coordinator.address, sessionTimeoutMs: 5_000 });
    const stage = new Stage(root, client);
    await client.watch(root, 'persistent_recursive', (event) => stage.events.push(event));
    return stage;
  }

  master(name: string): Member {
    const words = ['--connect', coordinator.address, '--root', this.root, '--session-timeout', `${SESSION_MS}ms`];
    return new Member('master', name, words);
  }

  async primary(): Promise<{ masterId: string; epoch: number; zxid: number } | undefined> {
    if ((await this.client.exists(this.layout.primary)) === undefined) return undefined;
    const { data, stat } = await this.client.getData(this.layout.primary);
    return data === null
      ? undefined
      : { masterId: decodePrimary(data).masterId, epoch: stat.version, zxid: stat.mzxid };
  }

  async primaryIs(masterId: string): Promise<{ epoch: number; zxid: number }> {
    const what = `${masterId} is primary`;
    return eventually(
      async () => {
        const found = await this.primary();
        return found?.masterId === masterId ? found : undefined;
      },
      { what, deadlineMs: 20_000 },
    );
  }

  async submit(count: number): Promise<readonly TaskId[]> {
    const tasks = Array.from({ length: count }, () => ({
      taskId: newTaskId(Date.now(), crypto.getRandomValues(new Uint8Array(10))),
      spec: {
        ...specDefaults,
        work: { kind: 'handler' as const, handler: 'echo', payload: null },
        submittedAt: Date.now(),
      },
    }));
    await this.store.submit(tasks);
    return tasks.map(({ taskId }) => taskId);
  }
}

/** A worker that finishes whatever it is given, a few at a time. */
class Finisher {
  readonly #stage: Stage;
  readonly #store: WorkerStore;
  readonly #given: TaskId[] = [];
  #finishing: Promise<void> = Promise.resolve();
  #isIdle = true;
  finished = 0;

  constructor(stage: Stage, workerId: string) {
    this.#stage = stage;
    this.#store = new WorkerStore(stage.client, workerId, stage.layout);
  }

  async register(slots: number): Promise<void> {
    const folder = this.#store.assignmentsPath;
    await this.#stage.client.watch(folder, 'persistent_recursive', ({ type, path }) => {
      if (type !== 'created' || path === folder) return;
      this.#given.push(path.slice(folder.length + 1) as TaskId);
      if (this.#isIdle) this.#finishing = this.#finish();
    });
    const offer = {
      slots,
      queues: ['default'],
      handlers: ['echo'],
      runs: ['handlers'] as const,
      phase: 'accepting' as const,
    };
    await this.#store.register({ host: 'test', pid: 1, ...offer, labels: {}, fleet: 'test', startedAt: Date.now() });
  }

  /** Resolves when everything that was given is finished. */
  async settled(): Promise<void> {
    await this.#finishing;
  }

  async #finish(): Promise<void> {
    this.#isIdle = false;
    while (this.#given.length > 0) {
      const status = { outcome: 'succeeded' as const, attempts: 1, finishedAt: Date.now() };
      const endings = this.#given.splice(0, 10).map((taskId) => ({ kind: 'final' as const, taskId, status }));
      const results = await this.#store.finish(endings);
      this.finished += results.filter((result) => result === 'written').length;
    }
    this.#isIdle = true;
  }
}

/** Assignments as they were created, with the zxid of each. */
function assignmentsIn({ events, layout }: Stage): readonly { taskId: TaskId; workerId: string; zxid: number }[] {
  return events.flatMap(({ type, path, zxid }) => {
    const place = layout.locate(path);
    if (type !== 'created' || place?.kind !== 'assignment') return [];
    return [{ taskId: place.taskId, workerId: place.workerId, zxid }];
  });
}

/** The most assignments that one task ever had at the same time. */
function mostAtOnce({ events, layout }: Stage): number {
  const live = new Map<TaskId, number>();
  let most = 0;
  for (const { type, path } of events) {
    const place = layout.locate(path);
    if (place?.kind !== 'assignment') continue;
    const count = (live.get(place.taskId) ?? 0) + (type === 'created' ? 1 : type === 'deleted' ? -1 : 0);
    live.set(place.taskId, count);
    most = Math.max(most, count);
  }
  return most;
}

/** Takes over behind the back of whoever is primary. */
async function usurp(stage: Stage): Promise<{ store: PrimaryStore; candidatePath: string }> {
  const mode = 'ephemeral_sequential';
  const candidatePath = await stage.client.create(`${stage.layout.masters}/candidate-`, null, { mode });
  const record = { masterId: 'usurper', host: 'test', pid: 1, since: Date.now() };
  return {
    store: await PrimaryStore.takeOver(stage.client, { layout: stage.layout, record, candidatePath }),
    candidatePath,
  };
}

describe('the fence of a primary', () => {
  const stages: Stage[] = [];
  const members: Member[] = [];

  async function stageAt(root: string): Promise<Stage> {
    const stage = await Stage.open(root);
    stages.push(stage);
    return stage;
  }

  function masterOf(stage: Stage, name: string): Member {
    const member = stage.master(name);
    members.push(member);
    member.start();
    return member;
  }

  afterAll(async () => {
    await Promise.all(members.map((member) => member.stop()));
    await Promise.all(stages.map((stage) => stage.client.close()));
  }, TEST_MS);

  test(
    'refuses every write of a master that was deposed and does not know it; it stands down, and may lead again later',
    async () => {
      const stage = await stageAt('/deposed');
      masterOf(stage, 'alpha');
      await stage.primaryIs('alpha');
      const worker = new Finisher(stage, 'worker-1');
      await worker.register(20);
      await stage.submit(TASKS);
      await eventually(() => worker.finished > 200, { what: 'tasks are under way' });

      const { candidatePath } = await usurp(stage);
      const { zxid } = await stage.primaryIs('usurper');
      // It withdraws as soon as a write was refused, and stands again at the end of the line.
      await eventually(
        async () => (await stage.client.getChildren(stage.layout.masters)).every(isBehind(candidatePath)),
        {
          what: 'alpha has stood down',
        },
      );
      await worker.settled();

      expect(assignmentsIn(stage).filter((assignment) => assignment.zxid > zxid)).toEqual([]);
      expect(worker.finished).toBeLessThan(TASKS);

      await stage.client.delete(candidatePath);
      await stage.primaryIs('alpha');
      await eventually(() => worker.finished === TASKS, { what: 'all tasks are finished', deadlineMs: 60_000 });
      expect(assignmentsIn(stage)).toHaveLength(TASKS);
    },
    TEST_MS,
  );

  test(
    'keeps a primary that was stopped past its session and goes on from changing anything',
    async () => {
      const stage = await stageAt('/paused');
      const alpha = masterOf(stage, 'alpha');
      await stage.primaryIs('alpha');
      const beta = masterOf(stage, 'beta');
      const worker = new Finisher(stage, 'worker-1');
      await worker.register(20);
      await stage.submit(TASKS);
      await eventually(() => worker.finished > 200, { what: 'tasks are under way' });

      alpha.pause();
      const { epoch } = await stage.primaryIs('beta');
      alpha.resume();
      await eventually(() => worker.finished === TASKS, { what: 'all tasks are finished', deadlineMs: 60_000 });

      expect(mostAtOnce(stage)).toBe(1);
      expect(assignmentsIn(stage)).toHaveLength(TASKS);
      expect(await stage.primary()).toMatchObject({ masterId: 'beta', epoch });

      // The one that was stopped is a backup like any other.
      await beta.kill();
      expect((await stage.primaryIs('alpha')).epoch).toBe(epoch + 1);
    },
    TEST_MS,
  );

  test(
    'is what stops it: the same write without the check takes effect',
    async () => {
      const stage = await stageAt('/control');
      const master = masterOf(stage, 'alpha');
      await stage.primaryIs('alpha');
      await master.kill();
      const { store: deposed } = await usurp(stage);
      await usurp(stage);
      const [taskId = '' as TaskId] = await stage.submit(1);
      const worker = new Finisher(stage, 'worker-1');
      await worker.register(1);

      const assignment = { attempt: 1, workersLost: 0, repeat: 'repeatable' as const };
      const refused = deposed.assign([{ taskId, workerId: 'worker-1', assignment }]);
      await expect(refused).rejects.toMatchObject({ code: 'deposed' });
      await stage.client.sync(stage.root);
      expect(assignmentsIn(stage)).toEqual([]);

      await stage.client.create(stage.layout.assignment('worker-1', taskId), encodeAssignment(assignment));
      await eventually(() => worker.finished === 1, { what: 'the task is run' });
    },
    TEST_MS,
  );
});

function isBehind(candidatePath: string): (name: string) => boolean {
  const sequence = (name: string) => Number(name.slice(-10));
  return (name) => sequence(name) >= sequence(candidatePath);
}
