import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@reeve/client';
import { Counter, Mutex, SequenceRange } from '@reeve/recipes';
import type { Load, LoadTold, Sessions } from './load-told.ts';
import { instances } from './reeve-instances.ts';
import { publishing } from './reeve-publishing.ts';
import { queueing } from './reeve-queues.ts';

const MS_PER_S = 1000;
const POLL_MS = 2;
/** For whoever came last to the line to find its place, so that a hand-over is measured and nothing else. */
const REST_MS = 10;

/** What is measured of Reeve; Loads.java measures the same of Curator. */
export const loads: Readonly<Record<string, Load>> = {
  handOver,
  add: (sessions, told) => adding(sessions, told, 1),
  mergedAdd: (sessions, told) => adding(sessions, told, 100),
  range,
  queue: queueing,
  ...publishing,
  ...instances,
};

/** Milliseconds from each release to the next one's having it; each is released when the line is full again. */
async function handOver(sessions: Sessions, { path, waiters, sessions: many, count }: LoadTold) {
  const clients = await sessions(many);
  const tookMs: number[] = [];
  let left = count + 1;
  let releasedMs = 0;
  const contend = async (_: unknown, nth: number) => {
    const client = clients[nth % many] as Client;
    const mutex = new Mutex(client, { path });
    while (left > 0) {
      const lease = await mutex.acquire();
      const hadMs = performance.now();
      if (left > 0) {
        left -= 1;
        if (releasedMs > 0) tookMs.push(hadMs - releasedMs);
        if (left > 0) await untilFull(client, path, waiters + 1);
      }
      releasedMs = performance.now();
      await lease.release();
    }
  };
  await Promise.all(Array.from({ length: waiters + 1 }, contend));
  return { tookMs };
}

async function untilFull(client: Client, path: string, many: number): Promise<void> {
  while (((await client.exists(path))?.numChildren ?? 0) < many) await sleep(POLL_MS);
  await sleep(REST_MS);
}

async function adding(sessions: Sessions, { path, adders, seconds }: LoadTold, callers: number) {
  const clients = await sessions(adders);
  const counters = clients.map((client) => new Counter(client, path));
  const tookMs: number[] = [];
  const startedMs = performance.now();
  const endMs = startedMs + seconds * MS_PER_S;
  const add = async (counter: Counter) => {
    while (performance.now() < endMs) {
      const beganMs = performance.now();
      await counter.add(1);
      tookMs.push(performance.now() - beganMs);
    }
  };
  await Promise.all(counters.flatMap((counter) => Array.from({ length: callers }, () => add(counter))));
  const perS = tookMs.length / ((performance.now() - startedMs) / MS_PER_S);
  const counted = await counters[0]?.get();
  if (counted !== tookMs.length) throw new RangeError(`the counter says ${counted} instead of ${tookMs.length}`);
  await Promise.all(counters.map((counter) => counter.stop()));
  // A sample of them: a hundred callers have more than a line of JSON should hold.
  return { perS, tookMs: tookMs.slice(0, SAMPLES_MAX) };
}

const SAMPLES_MAX = 20_000;

async function range(sessions: Sessions, { path, adders, seconds }: LoadTold) {
  const ranges = (await sessions(adders)).map((client) => new SequenceRange(client, { path, block: 1_000 }));
  const startedMs = performance.now();
  const endMs = startedMs + seconds * MS_PER_S;
  const draw = async (one: SequenceRange) => {
    let drawn = 0;
    for (; performance.now() < endMs; drawn += 1) await one.next();
    return drawn;
  };
  const drawn = await Promise.all(ranges.map(draw));
  const tookMs = performance.now() - startedMs;
  await Promise.all(ranges.map((one) => one.stop()));
  return { perS: drawn.reduce((sum, many) => sum + many) / (tookMs / MS_PER_S) };
}
