import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@reeve/sdk';
import type { Fleet } from './fleet.ts';

/** How long tasks take from `submit` until the submitter has their result, milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** Submits at an even pace, whatever comes back when, and waits for each result. */
export async function latency(fleet: Fleet, load: { perSecond: number; seconds: number }): Promise<Latency> {
  const reeve = await connect({ connect: fleet.connect });
  const taken: number[] = [];
  const pending: Promise<void>[] = [];
  const one = async () => {
    const started = performance.now();
    const handle = await reeve.submit('noop', null);
    await handle.finished();
    taken.push(performance.now() - started);
  };
  const started = performance.now();
  for (let sent = 0; sent < load.perSecond * load.seconds; ) {
    const due = ((performance.now() - started) / 1000) * load.perSecond;
    for (; sent < due; sent += 1) pending.push(one());
    await sleep(1);
  }
  await Promise.all(pending);
  await reeve.close();
  const sorted = taken.sort((a, b) => a - b);
  const quantile = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: quantile(0.5), p99: quantile(0.99) };
}
