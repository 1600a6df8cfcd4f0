import { type Client, connect as openClient } from '@reeve/client';
import { type Coordinator, coordinatorConfig, createServer } from '@reeve/server';
import {
  encodePrimary,
  encodeStatus,
  encodeWorker,
  initialise,
  Layout,
  type TaskId,
  type TaskStatus,
} from '@reeve/tasks';
import { atTestEnd, fourLetterWord, temporaryDirectory } from '@reeve/testkit';
import { type ConnectOptions, connect, type Reeve } from '../src/index.ts';

/** A real coordinator, and a client that does by hand what masters and workers would do. */
export class Stage {
  readonly port: number;
  readonly client: Client;
  readonly layout: Layout;
  readonly #coordinator: Coordinator;

  private constructor(coordinator: Coordinator, client: Client, layout: Layout) {
    this.#coordinator = coordinator;
    this.port = coordinator.port;
    this.client = client;
    this.layout = layout;
  }

  static async open(): Promise<Stage> {
    const place = { dataDirectory: temporaryDirectory(), port: 0 };
    const config = coordinatorConfig({ ...place, tickMs: 100, sync: 'never', fourLetterWords: 'all' });
    const coordinator = await createServer(config);
    const client = await openClient({ servers: `127.0.0.1:${coordinator.port}` });
    const layout = new Layout();
    await initialise(client, layout);
    const stage = new Stage(coordinator, client, layout);
    atTestEnd(() => stage.#close());
    return stage;
  }

  /** A connection of the SDK that ends with the test file. */
  async reeve(options: ConnectOptions = {}): Promise<Reeve> {
    const reeve = await connect({ connect: `127.0.0.1:${this.port}`, ...options });
    atTestEnd(() => reeve.close());
    return reeve;
  }

  /** Ends tasks, as their workers would. */
  async finish(taskIds: readonly TaskId[], status: Partial<TaskStatus> = {}): Promise<void> {
    const data = encodeStatus({ outcome: 'succeeded', attempts: 1, finishedAt: 2_000, startedAt: 1_000, ...status });
    await this.client.multi(taskIds.map((taskId) => ({ op: 'create', path: this.layout.status(taskId), data })));
  }

  /** A worker appears, with the tasks that are assigned to it. */
  async addWorker(workerId: string, taskIds: readonly TaskId[] = []): Promise<void> {
    const record = encodeWorker({
      host: 'box',
      pid: 7,
      slots: 2,
      queues: ['default'],
      handlers: ['resize'],
      runs: ['handlers'],
      phase: 'accepting',
      labels: {},
      fleet: 'default',
      startedAt: 1_000,
    });
    await this.client.create(this.layout.worker(workerId), record, { mode: 'ephemeral' });
    await this.client.create(this.layout.assignmentsOf(workerId), null);
    for (const taskId of taskIds) await this.assign(workerId, taskId);
  }

  async assign(workerId: string, taskId: TaskId): Promise<void> {
    const assignment = Buffer.from(JSON.stringify({ v: 1, attempt: 1, workersLost: 0, repeat: 'repeatable' }));
    await this.client.create(this.layout.assignment(workerId, taskId), assignment);
  }

  /** A master appears, and is primary. */
  async addPrimary(masterId: string): Promise<void> {
    const record = encodePrimary({ masterId, host: 'box', pid: 8, since: 1_000 });
    await this.client.create(`${this.layout.masters}/candidate-`, record, { mode: 'ephemeral_sequential' });
    await this.client.setData(this.layout.primary, record);
  }

  /** How many sessions the coordinator has. */
  async sessions(): Promise<number> {
    const [, count] = /^zk_global_sessions\s+(\d+)/m.exec(await fourLetterWord(this.port, 'mntr')) ?? [];
    return Number(count);
  }

  async #close(): Promise<void> {
    await this.client.close();
    await this.#coordinator.stop();
  }
}
