import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, connect } from '@reeve/client';
import {
  type Assignment,
  decodeRetry,
  decodeStatus,
  encodeAssignment,
  initialise,
  Layout,
  newTaskId,
  specDefaults,
  type TaskId,
  type TaskSpec,
  type TaskStatus,
  TaskStore,
  type Work,
} from '@reeve/tasks';
import { atTestEnd, eventually, startProcess, type TestProcess, temporaryDirectory } from '@reeve/testkit';
import { reeve } from './fleet.ts';

const handlers = fileURLToPath(new URL('./fixtures/worker-handlers.mjs', import.meta.url));

/** How the worker of a stage is started. */
export interface StageOptions {
  /** Where the worker connects to, perhaps through a proxy. */
  readonly connect: string;
  /** Where the test connects to. */
  readonly direct?: string;
  readonly slots?: number;
  readonly sessionTimeoutMs?: number;
  readonly drainMs?: number;
}

/** One real worker below a root of its own, and the hand of a primary that assigns to it. */
export class WorkerStage {
  readonly layout: Layout;
  readonly directory = temporaryDirectory();
  readonly client: Client;
  readonly process: TestProcess;
  readonly #store: TaskStore;

  private constructor(parts: { client: Client; layout: Layout; process: TestProcess }) {
    this.client = parts.client;
    this.layout = parts.layout;
    this.process = parts.process;
    this.#store = new TaskStore(parts.client, parts.layout);
  }

  static async open(options: StageOptions): Promise<WorkerStage> {
    const layout = new Layout(`/worker-${randomBytes(4).toString('hex')}`);
    const client = await connect({ servers: options.direct ?? options.connect, sessionTimeoutMs: 10_000 });
    atTestEnd(() => client.close());
    await initialise(client, layout);
    const { sessionTimeoutMs = 5_000, slots = 1, drainMs = 20_000 } = options;
    const words = ['--connect', options.connect, '--root', layout.root, '--handlers', handlers, '--commands'];
    const limits = ['--session-timeout', `${sessionTimeoutMs}ms`, '--slots', `${slots}`, '--drain', `${drainMs}ms`];
    const process = await startProcess(reeve('worker', ...words, ...limits, '--grace', '2s', '--name', 'w'));
    return new WorkerStage({ client, layout, process });
  }

  /** The worker's id, once it is registered. */
  async workerId(except?: string): Promise<string> {
    const find = async () => (await this.client.getChildren(this.layout.workers)).find((id) => id !== except);
    return await eventually(find, { what: 'the worker is registered', deadlineMs: 20_000 });
  }

  async isRegistered(workerId: string): Promise<boolean> {
    return (await this.client.exists(this.layout.worker(workerId))) !== undefined;
  }

  /** Submits a task and assigns it at once. */
  async give(workerId: string, work: Work, spec: Partial<TaskSpec> = {}): Promise<TaskId> {
    const taskId = newTaskId(Date.now(), randomBytes(10));
    await this.#store.submit([{ taskId, spec: { ...specDefaults, work, submittedAt: Date.now(), ...spec } }]);
    const assignment = { attempt: 1, workersLost: 0, repeat: spec.repeat ?? 'repeatable' } as const;
    await this.client.create(this.layout.assignment(workerId, taskId), encodeAssignment(assignment));
    return taskId;
  }

  /** Gives an attempt of a handler that notes what it does in files called by `name`. */
  async handle(workerId: string, handler: string, name: string): Promise<TaskId> {
    const payload = { log: this.file(`${name}.log`), until: this.file(name) };
    return await this.give(workerId, { kind: 'handler', handler, payload });
  }

  /** Gives a command that ignores SIGTERM and has a child that does so too. */
  async stubborn(workerId: string, name: string): Promise<TaskId> {
    const log = this.file(`${name}.log`);
    const line = `trap '' TERM; (trap '' TERM; sleep 1000 & wait) & printf '%s\\n' $! $$ > ${log}; while :; do sleep 1; done`;
    return await this.give(workerId, { kind: 'command', argv: ['/bin/sh', '-c', line] });
  }

  async cancel(workerId: string, taskId: TaskId): Promise<void> {
    const assignment: Assignment = { attempt: 1, workersLost: 0, repeat: 'repeatable', cancel: 'requested' };
    await this.client.setData(this.layout.assignment(workerId, taskId), encodeAssignment(assignment));
  }

  async status(taskId: TaskId): Promise<TaskStatus> {
    const read = async () => decodeStatus((await this.client.getData(this.layout.status(taskId))).data);
    return await eventually(read, { what: `task ${taskId} has a status`, deadlineMs: 20_000 });
  }

  async hasStatus(taskId: TaskId): Promise<boolean> {
    return (await this.client.exists(this.layout.status(taskId))) !== undefined;
  }

  async retry(taskId: TaskId) {
    const read = async () => decodeRetry((await this.client.getData(this.layout.retry(taskId))).data);
    return await eventually(read, { what: `task ${taskId} has a retry record` });
  }

  async isAssigned(workerId: string, taskId: TaskId): Promise<boolean> {
    return (await this.client.exists(this.layout.assignment(workerId, taskId))) !== undefined;
  }

  /** What was noted under `name`, once there are so many lines. */
  async notes(name: string, count = 1): Promise<readonly string[]> {
    const read = () => {
      const path = this.file(`${name}.log`);
      const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
      return lines.length >= count ? lines : undefined;
    };
    return await eventually(read, { what: `${name} has noted ${count} lines`, deadlineMs: 20_000 });
  }

  /** Lets what waits for `name` go on. */
  release(name: string): void {
    writeFileSync(this.file(name), '');
  }

  file(name: string): string {
    return join(this.directory, name);
  }
}
