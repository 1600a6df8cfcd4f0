import type { Coordination, RequestOptions } from '@reeve/client';
import {
  buckets,
  decodeRetry,
  explainWaiting,
  type Layout,
  type RetryRecord,
  type TaskId,
  type TaskSpec,
  TaskStore,
  timeOf,
} from '@reeve/tasks';
import { bulkRead } from './bulk-read.ts';
import { Fleet, type PrimarySummary, type WorkerSummary } from './fleet.ts';
import type { Overview, QueueSummary, ReasonSummary, TaskCounts } from './overview.ts';
import { readQueueLimits } from './queue-limits.ts';
import { type Bucket, type Running, type ScanOptions, scanAssignments, scanBuckets } from './task-scan.ts';

/** How many tasks are looked at, about; where there are more, only some of the buckets are. */
const LOOKED_AT_MAX = 10_000;
/** Of how many waiting tasks it is said why they wait. */
const EXPLAINED_MAX = 200;

/** What was counted in the buckets that were looked at. */
interface Tally {
  readonly outcomes: Map<keyof TaskCounts, number>;
  readonly queues: Map<string, { waiting: number; running: number }>;
  readonly waiting: { readonly taskId: TaskId; readonly spec: TaskSpec }[];
}

/** Reads Reeve at a glance from the znodes; asks no master. */
export class OverviewReader {
  readonly #session: Coordination;
  readonly #scan: ScanOptions;
  readonly #store: TaskStore;

  constructor(session: Coordination, layout: Layout, request: RequestOptions) {
    this.#session = session;
    this.#scan = { layout, request };
    this.#store = new TaskStore(session, layout);
  }

  async read(): Promise<Overview> {
    const fleet = new Fleet(this.#session, this.#scan.layout, this.#scan.request);
    const [workers, masters, primary, running, sizes] = await Promise.all([
      fleet.workers(),
      fleet.masters(),
      fleet.primary(),
      scanAssignments(this.#session, this.#scan),
      this.#sizes(),
    ]);
    const looked = Math.max(1, Math.min(buckets.length, Math.floor((buckets.length * LOOKED_AT_MAX) / sizes.asked)));
    const tally = await this.#tally(looked, running);
    const factor = buckets.length / looked;
    const oldest = tally.waiting.toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1)).slice(0, EXPLAINED_MAX);
    return {
      ...(primary === undefined ? {} : { primary }),
      masters: masters.length,
      workers: workers.length,
      slots: workers.reduce((sum, { record }) => sum + (record?.slots ?? 0), 0),
      tasks: countsOf(tally, { ...sizes, running: running.size, factor }),
      counts: looked === buckets.length ? 'exact' : 'estimated',
      queues: queuesOf(tally, factor),
      ...(oldest[0] === undefined ? {} : { oldestWaitingSince: timeOf(oldest[0].taskId) }),
      reasons: await this.#reasons(oldest, workers, primary),
    };
  }

  /** How many tasks were asked for, and how many are finished: told by the stats of their folders. */
  async #sizes(): Promise<{ readonly asked: number; readonly finished: number }> {
    const { layout, request } = this.#scan;
    const parts = [layout.tasks, layout.statuses].flatMap((folder) =>
      buckets.map((bucket) => ({ op: 'getData', path: `${folder}/${bucket}` }) as const),
    );
    const results = await bulkRead(this.#session, { parts, perRequest: parts.length, request });
    const counts = results.map((result) => ('stat' in result ? result.stat.numChildren : 0));
    const sum = (some: readonly number[]) => some.reduce((total, count) => total + count, 0);
    return { asked: sum(counts.slice(0, buckets.length)), finished: sum(counts.slice(buckets.length)) };
  }

  async #tally(looked: number, running: Running): Promise<Tally> {
    const tally: Tally = { outcomes: new Map(), queues: new Map(), waiting: [] };
    for await (const bucket of scanBuckets(this.#session, this.#scan, looked)) {
      await Promise.all([this.#countFinished(bucket, tally), this.#countUnfinished(bucket, { tally, running })]);
    }
    return tally;
  }

  async #countFinished({ finished }: Bucket, { outcomes }: Tally): Promise<void> {
    for (const status of await this.#store.readStatuses([...finished], this.#scan.request)) {
      if (status.kind !== 'found') continue;
      const { outcome } = status.value;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  }

  async #countUnfinished({ asked, finished }: Bucket, { tally, running }: CountInto): Promise<void> {
    const taskIds = asked.filter((taskId) => !finished.has(taskId));
    for (const [at, spec] of (await this.#store.readSpecs(taskIds, this.#scan.request)).entries()) {
      const taskId = taskIds[at];
      if (spec.kind !== 'found' || taskId === undefined) continue;
      const state = running.has(taskId) ? 'running' : 'waiting';
      const queue = tally.queues.get(spec.value.queue) ?? { waiting: 0, running: 0 };
      queue[state] += 1;
      tally.queues.set(spec.value.queue, queue);
      if (state === 'waiting') tally.waiting.push({ taskId, spec: spec.value });
    }
  }

  async #reasons(
    oldest: Tally['waiting'],
    workers: readonly WorkerSummary[],
    primary: PrimarySummary | undefined,
  ): Promise<readonly ReasonSummary[]> {
    if (oldest.length === 0) return [];
    if (primary === undefined) return [{ ...noPrimary, tasks: oldest.length }];
    const retries = await this.#retries(oldest.map(({ taskId }) => taskId));
    const limits = await readQueueLimits(this.#session, this.#scan.layout, this.#scan.request);
    const reasons = new Map<string, ReasonSummary>();
    for (const { taskId, spec } of oldest) {
      const retry = retries.get(taskId);
      const busy = busyWorkers(workers);
      const limit = limits.get(spec.queue);
      const reason = explainWaiting({ spec, limit, ...(retry === undefined ? {} : { retry }) }, busy, Date.now());
      const known = reasons.get(reason.code);
      reasons.set(reason.code, { ...reason, ...known, tasks: (known?.tasks ?? 0) + 1 });
    }
    return [...reasons.values()].sort((a, b) => b.tasks - a.tasks);
  }

  async #retries(taskIds: readonly TaskId[]): Promise<ReadonlyMap<TaskId, RetryRecord>> {
    const { layout, request } = this.#scan;
    const parts = taskIds.map((taskId) => ({ op: 'getData', path: layout.retry(taskId) }) as const);
    const found = new Map<TaskId, RetryRecord>();
    for (const [at, result] of (await bulkRead(this.#session, { parts, perRequest: 50, request })).entries()) {
      if ('data' in result) found.set(taskIds[at] as TaskId, decodeRetry(result.data));
    }
    return found;
  }
}

/** Why tasks wait while no master decides; the workers have no part in it. */
export const noPrimary = { code: 'no_primary', message: 'no master decides: start one with "reeve master"' } as const;

interface CountInto {
  readonly tally: Tally;
  readonly running: Running;
}

/** The workers as far as they can be read. */
export function busyWorkers(workers: readonly WorkerSummary[]) {
  return workers.flatMap(({ record, assigned }) => (record === undefined ? [] : [{ record, assigned }]));
}

interface Totals {
  readonly asked: number;
  readonly finished: number;
  readonly running: number;
  readonly factor: number;
}

function countsOf({ outcomes }: Tally, { asked, finished, running, factor }: Totals): TaskCounts {
  const ended = (outcome: keyof TaskCounts) => Math.round((outcomes.get(outcome) ?? 0) * factor);
  return {
    // The three were not read at one moment.
    waiting: Math.max(0, asked - finished - running),
    running,
    succeeded: ended('succeeded'),
    failed: ended('failed'),
    cancelled: ended('cancelled'),
    lost: ended('lost'),
    expired: ended('expired'),
  };
}

function queuesOf({ queues }: Tally, factor: number): readonly QueueSummary[] {
  const scaled = [...queues].map(([queue, { waiting, running }]) => ({
    queue,
    waiting: Math.round(waiting * factor),
    running: Math.round(running * factor),
  }));
  return scaled.sort((a, b) => b.waiting - a.waiting || b.running - a.running || (a.queue < b.queue ? -1 : 1));
}
