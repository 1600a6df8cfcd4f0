import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Coordination, createClient } from '@reeve/client';
import { apacheZooKeeper, Engine, type EngineKind, reeve } from './engine.ts';
import { SteadyLoad, type Timed } from './steady-load.ts';

const USAGE = `npm run bench:million -- [--znodes 1000000] [--bytes 128] [--per-second 2000] [--seconds 20] [--jvm '-Xms1g -Xmx2g']

Fills a coordinator and, where Debian's libzookeeper-java is installed, an Apache ZooKeeper, one after the other, and prints
for each: memory, time to start from the log and from a snapshot, time of a snapshot, latency with and without one.`;

const { values: options } = parseArgs({
  options: {
    znodes: { type: 'string', default: '1000000' },
    bytes: { type: 'string', default: '128' },
    'per-second': { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '20' },
    jvm: { type: 'string', default: '-Xms1g -Xmx2g' },
    help: { type: 'boolean', default: false },
  },
});
const znodes = Number(options.znodes);
const data = Buffer.alloc(Number(options.bytes), 'x');

/** Children of one parent, and creates in one multi. */
const CHILDREN = 10_000;
const PARTS = 500;
const IN_FLIGHT = 16;
/** As many entries of the log as no benchmark writes: no snapshot. */
const NEVER = 1_000_000_000;
/** Soon reached by the load: so that a snapshot begins while it runs. */
const SOON = 8_000;
const POLL_MS = 5;
const SETTLED_MS = 150;
const REST_MS = 3_000;

if (options.help) say(USAGE);
else for (const kind of [reeve, apacheZooKeeper(options.jvm.split(' '))]) await measure(kind);

async function measure(kind: EngineKind): Promise<void> {
  const engine = await Engine.of(kind);
  try {
    const emptyMs = await engine.start(NEVER);
    const filledMs = await fill(engine);
    await sleep(REST_MS);
    say(`${kind.name}: start of an empty one ${ms(emptyMs)}; ${znodes} znodes of ${data.length} B in ${ms(filledMs)}`);
    say(`  resident memory ${engine.rssMiB.toFixed(0)} MiB`);
    await engine.stop();
    say(`  start from the log alone: ${ms(await engine.start(SOON))}`);
    await whileSnapshotting(engine);
    await engine.stop();
    say(
      `  start from a snapshot: ${ms(await engine.start(NEVER))}, resident memory then ${engine.rssMiB.toFixed(0)} MiB`,
    );
  } finally {
    await engine.remove();
  }
}

async function fill(engine: Engine): Promise<number> {
  const client = createClient({ servers: engine.address });
  const startedMs = performance.now();
  for (let parent = 0; parent * CHILDREN < znodes; parent += 1) await client.create(`/p${parent}`, null);
  const flying = new Set<Promise<unknown>>();
  for (let from = 0; from < znodes; from += PARTS) {
    const flight = createSome(client, from, Math.min(from + PARTS, znodes));
    flying.add(flight);
    void flight.then(() => flying.delete(flight));
    if (flying.size >= IN_FLIGHT) await Promise.race(flying);
  }
  await Promise.all(flying);
  await client.close();
  return performance.now() - startedMs;
}

function createSome(client: Coordination, from: number, to: number): Promise<unknown> {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i);
  return client.multi(numbers.map((n) => ({ op: 'create', path: pathOf(n), data })));
}

function pathOf(n: number): string {
  return `/p${Math.floor(n / CHILDREN)}/n${String(n).padStart(9, '0')}`;
}

/** Loads it until a snapshot has been taken, and some time more. */
async function whileSnapshotting(engine: Engine): Promise<void> {
  const client = createClient({ servers: engine.address });
  const load = new SteadyLoad(client, {
    perSecond: Number(options['per-second']),
    // A large prime: as good as by chance, and the same each time.
    pathOf: (n) => pathOf((n * 7919) % znodes),
    data,
  });
  const snapshots: Span[] = [];
  const endMs = performance.now() + Number(options.seconds) * 1000;
  while (performance.now() < endMs || snapshots.length === 0) snapshots.push(...(await nextSnapshot(engine, endMs)));
  await load.stop();
  await client.close();
  const took = snapshots.map(({ fromMs, toMs }) => ms(toMs - fromMs)).join(', ');
  const during = load.timed.filter((one) => snapshots.some((span) => overlaps(one, span)));
  const rest = load.timed.filter((one) => !snapshots.some((span) => overlaps(one, span)));
  say(`  snapshots took ${took}`);
  say(`  latency during them: ${quantiles(during)}; otherwise: ${quantiles(rest)}`);
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Waits for a snapshot file to appear and to grow no more; none when there was none before the end. */
async function nextSnapshot(engine: Engine, endMs: number): Promise<Span[]> {
  const before = engine.newestSnapshot()?.bornMs;
  while (engine.newestSnapshot()?.bornMs === before) {
    if (performance.now() > endMs) return [];
    await sleep(POLL_MS);
  }
  const fromMs = performance.now();
  let [toMs, bytes] = [fromMs, 0];
  while (performance.now() - toMs < SETTLED_MS) {
    const now = engine.newestSnapshot();
    if (now !== undefined && now.bytes !== bytes) [toMs, bytes] = [performance.now(), now.bytes];
    await sleep(POLL_MS);
  }
  return [{ fromMs, toMs }];
}

function overlaps({ sentMs, tookMs }: Timed, { fromMs, toMs }: Span): boolean {
  return sentMs <= toMs && sentMs + tookMs >= fromMs;
}

function quantiles(timed: readonly Timed[]): string {
  const sorted = timed.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(0.9999)} ms of ${sorted.length}`;
}

function ms(value: number): string {
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
