import { connect as openSession } from '@reeve/client';
import { connect, type TaskRequest } from '@reeve/sdk';
import { Layout } from '@reeve/tasks';
import type { Fleet } from './fleet.ts';

const DRAIN_DEADLINE_MS = 120_000;

/** What a drain measured: a backlog is submitted, then one worker runs it down. */
export interface Drained {
  readonly submittedPerS: number;
  /** From the first finished task to the last. */
  readonly finishedPerS: number;
  /** Microseconds of CPU per task while the backlog is run down, by process. */
  readonly cpuUs: ReadonlyMap<string, number>;
}

/** Submits `count` no-op tasks of 200 B each, then starts a worker and waits until all are finished. */
export async function drain(fleet: Fleet, count: number): Promise<Drained> {
  const submittedPerS = await submit(fleet, count);
  const finishes = await Finishes.watch(fleet.connect, count);
  const before = new Map(fleet.processes.map((process) => [process, process.cpuS]));
  await fleet.addWorker();
  const finishedPerS = await finishes.rate();
  const cpuUs = new Map<string, number>();
  for (const process of fleet.processes) {
    const used = process.cpuS - (before.get(process) ?? 0);
    cpuUs.set(process.name, (cpuUs.get(process.name) ?? 0) + (used / count) * 1e6);
  }
  return { submittedPerS, finishedPerS, cpuUs };
}

async function submit(fleet: Fleet, count: number): Promise<number> {
  const reeve = await connect({ connect: fleet.connect });
  const request: TaskRequest = { handler: 'noop', payload: { text: 'x'.repeat(180) } };
  const started = performance.now();
  for await (const handles of reeve.submitMany(Array.from({ length: count }, () => request))) void handles;
  const rate = count / ((performance.now() - started) / 1000);
  await reeve.close();
  return rate;
}

/** Counts final statuses as they appear, by a watch of its own. */
class Finishes {
  readonly #done: Promise<number>;

  private constructor(done: Promise<number>) {
    this.#done = done;
  }

  static async watch(address: string, count: number): Promise<Finishes> {
    const session = await openSession({ servers: address });
    const { statuses } = new Layout();
    const depth = statuses.split('/').length + 2;
    let finished = 0;
    let first = 0;
    let resolve: (rate: number) => void = () => undefined;
    let reject: (error: unknown) => void = () => undefined;
    const done = new Promise<number>((onRate, onError) => {
      resolve = onRate;
      reject = onError;
    });
    const deadline = setTimeout(() => {
      reject(new RangeError(`${finished} of ${count} tasks finished in ${DRAIN_DEADLINE_MS} ms`));
    }, DRAIN_DEADLINE_MS);
    await session.watch(statuses, 'persistent_recursive', ({ type, path }) => {
      if (type !== 'created' || path.split('/').length !== depth) return;
      finished += 1;
      if (finished === 1) first = performance.now();
      if (finished === count) resolve(count / ((performance.now() - first) / 1000));
    });
    const settled = done.finally(async () => {
      clearTimeout(deadline);
      await session.close();
    });
    return new Finishes(settled);
  }

  /** Tasks per second, once all are finished. */
  rate(): Promise<number> {
    return this.#done;
  }
}
