import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Reeve, type TaskHandle, type TaskId, type TaskStatus } from '@reeve/sdk';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Child } from '../processes/child.ts';
import { Chronicle } from './chronicle.ts';
import type { Cluster, Member } from './cluster.ts';
import { measureText } from './handlers.ts';

/** One thing that happened. */
export type DemoEvent =
  | { readonly kind: 'starting'; readonly processes: number }
  | { readonly kind: 'serving'; readonly primary: string; readonly connect: string }
  | { readonly kind: 'submitted'; readonly tasks: number; readonly ms: number }
  | { readonly kind: 'progress'; readonly finished: number; readonly tasks: number }
  | { readonly kind: 'killed'; readonly what: string; readonly pid: number | undefined }
  | { readonly kind: 'recovered'; readonly what: string; readonly ms: number };

/** What the demo works with. */
export interface StoryOptions {
  readonly cluster: Cluster;
  readonly coordinators: number;
  /** The files, one task for each. */
  readonly files: readonly string[];
  /** How many bytes each task hashes, to last. */
  readonly hashedBytes: number;
  readonly ledger: string;
  readonly signal: AbortSignal;
  readonly tell: (event: DemoEvent) => void;
}

/** How long it took to recover, milliseconds. */
export interface Recovery {
  /** From the kill of the primary to the first assignment by the next. */
  readonly failoverMs: number;
  /** From the kill of a worker until the last of its tasks was assigned to another. */
  readonly reassignmentMs: number;
  /** How many tasks that were. */
  readonly reassigned: number;
  /** From the kill of the coordinator to the first answered request. */
  readonly outageMs: number;
}

/** How the story ended. */
export interface Ending {
  readonly taskIds: readonly TaskId[];
  /** The final status of each task, in the order of the files. */
  readonly statuses: readonly TaskStatus[];
  readonly recovery: Recovery;
  /** Tasks whose final status was written more than once. */
  readonly finishedTwice: number;
}

const MASTERS = 3;
const WORKERS = 4;
/** At which share of the work each blow falls. */
const blows = { primary: 0.12, worker: 0.4, coordinator: 0.7 };
/** Tasks that are submitted together. Small, so that there are older and newer ones: those taken from a worker go first. */
const BATCH = 20;
/** How often, and with which pauses in milliseconds, a busy worker is looked for. */
const LOOKS_MAX = 200;
const LOOK_PAUSE_MS = 20;
/** When to give up on a step. A small machine needs a tenth of it. */
const STEP_TIMEOUT_MS = 60_000;

/** The story of the demo: real processes at work on real files, and what is done to them. */
export class Story {
  readonly #options: StoryOptions;
  readonly #workers: Member[] = [];
  readonly #masters: Member[] = [];
  readonly #reeve: Reeve;
  readonly #chronicle: Chronicle;
  #finished = 0;

  private constructor(options: StoryOptions, parts: { readonly reeve: Reeve; readonly chronicle: Chronicle }) {
    this.#options = options;
    this.#reeve = parts.reeve;
    this.#chronicle = parts.chronicle;
  }

  /** Starts coordinator, masters and workers, and tells the story to its end. */
  static async tell(options: StoryOptions): Promise<Ending> {
    const { cluster } = options;
    options.tell({ kind: 'starting', processes: options.coordinators + MASTERS + WORKERS });
    await cluster.coordinators.start();
    const masters = await Promise.all(
      Array.from({ length: MASTERS }, (_, at) => cluster.startMaster(`master-${at + 1}`)),
    );
    const workers = await Promise.all(Array.from({ length: WORKERS }, () => cluster.startWorker()));
    const reeve = await connect({ connect: cluster.connect });
    const chronicle = await Chronicle.open(cluster.connect);
    const story = new Story(options, { reeve, chronicle });
    story.#masters.push(...masters);
    story.#workers.push(...workers);
    try {
      return await story.#tell();
    } finally {
      await Promise.all([reeve.close(), chronicle.close()]);
    }
  }

  async #tell(): Promise<Ending> {
    const { cluster, tell } = this.#options;
    tell({ kind: 'serving', primary: await this.#primary(), connect: cluster.connect });
    const tasks = await this.#submit();
    const finishing = Promise.all(tasks.map((task) => this.#finish(task, tasks.length)));
    // A step that fails ends the story; what is still waited for then fails as well, unheard.
    finishing.catch(() => {});
    await this.#untilShare(blows.primary, tasks.length);
    const failoverMs = await this.#killPrimary();
    await this.#untilShare(blows.worker, tasks.length);
    const moved = await this.#killWorker();
    await this.#untilShare(blows.coordinator, tasks.length);
    const outageMs = await this.#killCoordinator();
    const statuses = await finishing;
    const taskIds = tasks.map(({ taskId }) => taskId);
    const finishedTwice = this.#chronicle.finishedTwice + (await this.#chronicle.overwritten(taskIds));
    return { taskIds, statuses, recovery: { failoverMs, ...moved, outageMs }, finishedTwice };
  }

  async #submit(): Promise<readonly TaskHandle[]> {
    const { files, hashedBytes, ledger, signal, tell } = this.#options;
    const startedAt = Date.now();
    const requests = files.map((file) => ({ handler: measureText.name, payload: { file, hashedBytes, ledger } }));
    const tasks = await this.#reeve.submitAll(requests, { signal, batchMax: BATCH });
    tell({ kind: 'submitted', tasks: tasks.length, ms: Date.now() - startedAt });
    return tasks;
  }

  async #finish(task: TaskHandle, tasks: number): Promise<TaskStatus> {
    const status = await task.finished({ signal: this.#options.signal });
    this.#finished += 1;
    this.#options.tell({ kind: 'progress', finished: this.#finished, tasks });
    return status;
  }

  /** kill -9 the primary, and wait until another one assigns tasks. */
  async #killPrimary(): Promise<number> {
    const primary = await this.#primary();
    const { terms } = this.#chronicle;
    const killedAt = this.#kill(`${primary}, the primary`, this.#masters.find(({ id }) => id === primary)?.child);
    // Events come in the order of the writes, and a deposed primary writes nothing: what follows is the next one's.
    const first = () => this.#chronicle.firstAssigned(({ term }) => term > terms);
    await this.#until(() => first() !== undefined, 'another master assigns tasks');
    const failoverMs = (first()?.at ?? killedAt) - killedAt;
    this.#options.tell({ kind: 'recovered', what: `${await this.#primary()} decides`, ms: failoverMs });
    return failoverMs;
  }

  /** kill -9 the busiest worker, start another, and wait until its tasks are assigned to others. */
  async #killWorker(): Promise<{ readonly reassignmentMs: number; readonly reassigned: number }> {
    const chronicle = this.#chronicle;
    const { victim, count } = await this.#busiestWorker();
    const killedAt = this.#kill(`${victim.id}, which has ${count} tasks`, victim.child);
    const taskIds = await chronicle.assignmentsOf(victim.id);
    this.#workers.push(await this.#options.cluster.startWorker());
    const movedAt = (taskId: TaskId) =>
      chronicle.firstAssigned((one) => one.taskId === taskId && one.workerId !== victim.id && one.at >= killedAt)?.at;
    // The last words of the dead worker may still have been on their way: such a task is finished, not moved.
    const isSettled = (taskId: TaskId) => movedAt(taskId) !== undefined || chronicle.hasFinished(taskId);
    await this.#until(() => taskIds.every(isSettled), 'the tasks of the dead worker move on');
    const moved = taskIds.map(movedAt).filter((at) => at !== undefined);
    const reassignmentMs = Math.max(0, ...moved.map((at) => at - killedAt));
    this.#options.tell({ kind: 'recovered', what: `${moved.length} tasks are with other workers`, ms: reassignmentMs });
    return { reassignmentMs, reassigned: moved.length };
  }

  /** kill -9 the coordinator, or the leader of several, and start it again on its data: the others do not wait for it. */
  async #killCoordinator(): Promise<number> {
    const { cluster, coordinators, tell, signal } = this.#options;
    const { what, child } = await cluster.coordinators.leader();
    const killedAt = this.#kill(what, child);
    if (coordinators === 1) await cluster.coordinators.restart(child);
    await this.#reeve.masters({ signal });
    await this.#chronicle.reachQuorum();
    const outageMs = Date.now() - killedAt;
    const how = coordinators === 1 ? 'the coordinator answers again, from its log' : 'the other coordinators answer';
    tell({ kind: 'recovered', what: how, ms: outageMs });
    if (coordinators > 1) await cluster.coordinators.restart(child);
    return outageMs;
  }

  #kill(what: string, child: Child | undefined): number {
    const killedAt = Date.now();
    child?.kill('SIGKILL');
    this.#options.tell({ kind: 'killed', what, pid: child?.pid });
    return killedAt;
  }

  /** The worker with the most tasks; waits until one has any. */
  async #busiestWorker(): Promise<{ readonly victim: Member; readonly count: number }> {
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      const busy = new Map((await this.#reeve.workers()).map(({ workerId, assigned }) => [workerId, assigned]));
      const [victim] = this.#workers.toSorted((a, b) => (busy.get(b.id) ?? 0) - (busy.get(a.id) ?? 0));
      const count = victim === undefined ? 0 : (busy.get(victim.id) ?? 0);
      if (victim !== undefined && count > 0) return { victim, count };
      await sleep(LOOK_PAUSE_MS);
    }
    throw new CliError(
      { code: 'different', exitCode: exitCodes.failed },
      'no worker has a task: the files are done too soon',
    );
  }

  async #primary(): Promise<string> {
    const { primary } = await this.#reeve.status({ signal: this.#options.signal });
    if (primary !== undefined) return primary.masterId;
    const { terms } = this.#chronicle;
    await this.#until(() => this.#chronicle.terms > terms, 'a master becomes primary');
    return this.#primary();
  }

  #untilShare(share: number, tasks: number): Promise<void> {
    return this.#until(() => this.#finished >= share * tasks, `${share * 100} % of the tasks are finished`);
  }

  #until(condition: () => boolean, what: string): Promise<void> {
    return this.#chronicle.until(condition, { what, timeoutMs: STEP_TIMEOUT_MS, signal: this.#options.signal });
  }
}
