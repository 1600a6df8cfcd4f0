import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, connect as openSession, type ReadPart } from '@reeve/client';
import { connect, type TaskRequest } from '@reeve/sdk';
import { buckets, Layout } from '@reeve/tasks';
import type { Fleet } from './fleet.ts';

const DRAIN_DEADLINE_MS = 120_000;
const LOOK_MS = 25;

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

/**
 * Counts final statuses by the child counts of their buckets: one request now and then, so that looking on costs next
 * to nothing.
 */
class Finishes {
  readonly #session: Client;
  readonly #count: number;
  readonly #parts: readonly ReadPart[];

  private constructor(session: Client, count: number) {
    this.#session = session;
    this.#count = count;
    const { statuses } = new Layout();
    this.#parts = buckets.map((bucket) => ({ op: 'getData', path: `${statuses}/${bucket}` }));
  }

  static async watch(address: string, count: number): Promise<Finishes> {
    return new Finishes(await openSession({ servers: address }), count);
  }

  /** Tasks per second from the first finished task to the last, once all are finished. */
  async rate(): Promise<number> {
    const deadline = performance.now() + DRAIN_DEADLINE_MS;
    let first: { readonly at: number; readonly finished: number } | undefined;
    for (;;) {
      const finished = await this.#finished();
      const at = performance.now();
      if (first === undefined && finished > 0) first = { at, finished };
      if (first !== undefined && finished === this.#count) {
        await this.#session.close();
        return (finished - first.finished) / ((at - first.at) / 1000);
      }
      if (at > deadline) throw new RangeError(`${finished} of ${this.#count} finished in ${DRAIN_DEADLINE_MS} ms`);
      await sleep(LOOK_MS);
    }
  }

  async #finished(): Promise<number> {
    const results = await this.#session.multiRead(this.#parts);
    return results.reduce((sum, result) => sum + ('stat' in result ? result.stat.numChildren : 0), 0);
  }
}
