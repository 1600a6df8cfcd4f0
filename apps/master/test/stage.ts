import { type Client, connect } from '@reeve/client';
import { type MasterOptions, type RunningMaster, runMaster } from '@reeve/master';
import { type Coordinator, coordinatorConfig, createServer } from '@reeve/server';
import {
  type Assignment,
  type Ending,
  Layout,
  newTaskId,
  specDefaults,
  type TaskId,
  type TaskSpec,
  TaskStore,
  type WorkerRecord,
  WorkerStore,
} from '@reeve/tasks';
import { atTestEnd, eventually, temporaryDirectory } from '@reeve/testkit';

/** Sessions of the tests last from 2 to 20 of these. */
const TICK_MS = 250;
/** No test waits for a session to expire: they outlive a machine that is held up. */
const SESSION_MS = 5_000;

/** A coordinator in this process that may be stopped and started again on the same data and port. */
export class RestartableCoordinator {
  readonly #dataDirectory = temporaryDirectory();
  #running: Coordinator | undefined;
  #port = 0;

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const { port } = this.#running ?? { port: this.#port };
    this.#running = await createServer(
      coordinatorConfig({ dataDirectory: this.#dataDirectory, port, tickMs: TICK_MS, sync: 'never' }),
    );
    this.#port = this.#running.port;
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }
}

/** A worker whose attempts end when the test says so. */
export class StageWorker {
  readonly workerId: string;
  readonly store: WorkerStore;
  readonly #client: Client;

  constructor(client: Client, workerId: string, layout: Layout) {
    this.#client = client;
    this.workerId = workerId;
    this.store = new WorkerStore(client, workerId, layout);
  }

  /** Its session ends, and it with it. */
  leave(): Promise<void> {
    return this.#client.close();
  }

  /** Waits until it has exactly these tasks. */
  async has(...taskIds: readonly TaskId[]): Promise<void> {
    const expected = taskIds.toSorted().join();
    const what = `${this.workerId} has ${taskIds.length} tasks`;
    await eventually(async () => [...(await this.store.assigned())].toSorted().join() === expected, { what });
  }

  async assignment(taskId: TaskId): Promise<Assignment | undefined> {
    const [found] = await this.store.readAssignments([taskId]);
    return found?.kind === 'found' ? found.value : undefined;
  }

  async end(taskId: TaskId, outcome: 'succeeded' | 'cancelled' = 'succeeded'): Promise<void> {
    const ending: Ending = { kind: 'final', taskId, status: { outcome, attempts: 1, finishedAt: Date.now() } };
    await this.store.finish([ending]);
  }
}

/** One fleet of its own: masters and workers below a root that no other test uses. */
export class Stage {
  readonly layout: Layout;
  readonly client: Client;
  readonly store: TaskStore;
  readonly #coordinator: RestartableCoordinator;

  private constructor(coordinator: RestartableCoordinator, client: Client, root: string) {
    this.#coordinator = coordinator;
    this.client = client;
    this.layout = new Layout(root);
    this.store = new TaskStore(client, this.layout);
  }

  static async open(coordinator: RestartableCoordinator, root: string): Promise<Stage> {
    return new Stage(coordinator, await openClient(coordinator.address), root);
  }

  async master(name: string, different: Partial<MasterOptions> = {}): Promise<RunningMaster> {
    const { root } = this.layout;
    const master = await runMaster({
      connect: this.#coordinator.address,
      root,
      name,
      sessionTimeoutMs: SESSION_MS,
      ...different,
    });
    atTestEnd(() => master.stop());
    return master;
  }

  async worker(workerId: string, different: Partial<WorkerRecord> = {}): Promise<StageWorker> {
    const worker = new StageWorker(await openClient(this.#coordinator.address), workerId, this.layout);
    await worker.store.register({ ...record, ...different });
    return worker;
  }

  async submit(different: Partial<TaskSpec> = {}): Promise<TaskId> {
    const taskId = newId();
    const work = { kind: 'handler', handler: 'echo', payload: null } as const;
    await this.store.submit([{ taskId, spec: { work, ...specDefaults, submittedAt: Date.now(), ...different } }]);
    return taskId;
  }

  /** Waits until the task stands there, and says all that is known of it. */
  async stands(taskId: TaskId, state: string) {
    const what = `the task is ${state}`;
    return eventually(
      async () => {
        const found = await this.store.describe(taskId);
        return found?.state === state ? found : undefined;
      },
      { what },
    );
  }

  async isGone(path: string): Promise<void> {
    await eventually(async () => (await this.client.exists(path)) === undefined, { what: `${path} is gone` });
  }
}

/** A task id of now. */
export function newId(): TaskId {
  return newTaskId(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
}

/** What a worker of the tests says of itself. */
export const record: WorkerRecord = {
  host: 'test',
  pid: 1,
  slots: 10,
  queues: ['default'],
  handlers: ['echo'],
  runs: ['handlers'],
  phase: 'accepting',
  labels: {},
  fleet: 'test',
  startedAt: 0,
};

async function openClient(servers: string): Promise<Client> {
  const client = await connect({ servers, sessionTimeoutMs: SESSION_MS });
  atTestEnd(() => client.close());
  return client;
}
