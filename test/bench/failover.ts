import { setTimeout as sleep } from 'node:timers/promises';
import { type Ensemble, endTest, eventually, RawClient, startEnsemble } from '@reeve/testkit';
import { apacheZooKeeper, type EngineKind, reeve } from './engine.ts';
import { median } from './peer.ts';

const ATTEMPT_MS_MAX = 2_000;
const ATTEMPT_PAUSE_MS = 5;
const FAILOVER_MS_MAX = 60_000;
/** Followers that have just come back are still busy. */
const REST_MS = 3_000;

const kinds: Readonly<Record<string, EngineKind>> = { reeve, zookeeper: apacheZooKeeper(['-Xms1g', '-Xmx1g']) };

/** What is measured. */
export interface FailoverOptions {
  readonly rounds: number;
  /** Names among `reeve` and `zookeeper`. */
  readonly engines: readonly string[];
}

/** Kills leaders of each engine and says how long it took each time until a write succeeded. */
export async function compareFailover({ rounds, engines }: FailoverOptions, say: (line: string) => void) {
  for (const name of engines) {
    const kind = kinds[name];
    if (kind === undefined) {
      say(`--engines ${name}: there is no such engine; choose among ${Object.keys(kinds).join()}`);
      continue;
    }
    const tookMs = await failovers(kind, rounds);
    const all = tookMs.map((ms) => Math.round(ms)).join(', ');
    say(`${kind.name}: kill -9 of the leader to a write: median ${Math.round(median(tookMs))} ms of ${all}`);
  }
}

async function failovers(kind: EngineKind, rounds: number): Promise<readonly number[]> {
  try {
    const ensemble = await startEnsemble(kind, { tickMs: 2_000 });
    const tookMs: number[] = [];
    while (tookMs.length < rounds) tookMs.push(await failover(ensemble));
    return tookMs;
  } finally {
    await endTest();
  }
}

/** Milliseconds from the death of the leader to a write by a new client of any other member. */
async function failover(ensemble: Ensemble): Promise<number> {
  const leader = await ensemble.leader();
  const survivors = ensemble.members.filter((member) => member !== leader);
  await sleep(REST_MS);
  for (const { port, name } of survivors) await eventually(() => writes(port), { what: `${name} takes a write` });
  const killedMs = performance.now();
  await leader.kill();
  const tookMs = await Promise.race(survivors.map(({ port }) => untilWritten(port, killedMs)));
  await leader.start();
  return tookMs;
}

async function untilWritten(port: number, sinceMs: number): Promise<number> {
  while (!(await writes(port))) {
    const tookMs = performance.now() - sinceMs;
    if (tookMs > FAILOVER_MS_MAX) return tookMs;
    await sleep(ATTEMPT_PAUSE_MS);
  }
  return performance.now() - sinceMs;
}

/** Whether a new session can be opened here, and a znode created. */
async function writes(port: number): Promise<boolean> {
  const client = await RawClient.silent(port).catch(() => undefined);
  if (client === undefined) return false;
  const impatient = setTimeout(() => void client.destroy(), ATTEMPT_MS_MAX);
  try {
    await client.greet();
    if ((client.welcome?.timeoutMs ?? 0) === 0) return false;
    return (await client.create(`/failover-${performance.now()}`)).error === 'ok';
  } finally {
    clearTimeout(impatient);
    await client.destroy();
  }
}
