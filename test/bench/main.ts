import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Drained, drain } from './drain.ts';
import { compareFailover } from './failover.ts';
import { Fleet } from './fleet.ts';
import { latency } from './latency.ts';
import { median, peerDrains } from './peer.ts';
import { benchServices, chapterNames } from './services/services.ts';
import { type SideName, sideKinds } from './services/side.ts';

const USAGE = `npm run bench -- failover [--rounds 9] [--engines reeve,zookeeper]
npm run bench -- services [--reps 3] [--only locks,publish] [--sides reeve,curator] [--subscribers 1000] [--sessions 1000]
npm run bench -- [--tasks 50000] [--reps 3] [--masters 1] [--slots CORES] [--peer 'COMMAND']

Every write is synced to disk before it is acknowledged. --peer runs another platform's benchmark in the same run and
prints the ratio; the command prints rows {"mode":"drain…","metric":"throughput","value":16000}.

failover kills the leader of three members, and says how long it took until a new client could write.

services measures ${chapterNames.join(', ')} beside Curator on Apache ZooKeeper, each side in its turn: median / p99, and
how many times better the first side is than the second. --sides are two or more of ${Object.keys(sideKinds).join(', ')}.`;

const {
  values: options,
  positionals: [what = 'tasks'],
} = parseArgs({
  allowPositionals: true,
  options: {
    tasks: { type: 'string', default: '50000' },
    reps: { type: 'string', default: '3' },
    masters: { type: 'string', default: '1' },
    slots: { type: 'string', default: String(availableParallelism()) },
    peer: { type: 'string' },
    only: { type: 'string', default: chapterNames.join() },
    sides: { type: 'string', default: 'reeve,curator' },
    subscribers: { type: 'string', default: '1000' },
    sessions: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '9' },
    engines: { type: 'string', default: 'reeve,zookeeper' },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) say(USAGE);
else if (what === 'tasks') await run();
else if (what === 'failover') {
  await compareFailover({ rounds: Number(options.rounds), engines: options.engines.split(',') }, say);
} else if (what === 'services') await measureServices();
else say(USAGE);

async function measureServices(): Promise<void> {
  const only = options.only.split(',');
  const sides = options.sides.split(',').filter((name): name is SideName => name in sideKinds);
  const unknown = only.filter((name) => !chapterNames.includes(name));
  if (unknown.length > 0 || sides.length !== options.sides.split(',').length) return say(USAGE);
  const { reps, subscribers, sessions } = options;
  const sizes = { reps: Number(reps), subscribers: Number(subscribers), sessions: Number(sessions) };
  await benchServices({ only, sides, ...sizes }, say);
}

async function run(): Promise<void> {
  const size = { masters: Number(options.masters), slots: Number(options.slots) };
  const tasks = Number(options.tasks);
  say(
    `${tasks} no-op tasks, 200 B each; ${size.masters} master(s), 1 worker with ${size.slots} slots; every write synced`,
  );
  const drained: Drained[] = [];
  for (let rep = 0; rep < Number(options.reps); rep += 1) drained.push(await measureDrain(size, tasks));
  const finishedPerS = median(drained.map((one) => one.finishedPerS));
  say(`median: submitted ${perS(drained.map((one) => one.submittedPerS))}, finished ${perS([finishedPerS])}`);
  await measureLatency(size, finishedPerS);
  if (options.peer !== undefined) await compare(options.peer, finishedPerS);
}

async function measureDrain(size: Fleet['size'], tasks: number): Promise<Drained> {
  const fleet = await Fleet.start(size);
  try {
    const drained = await drain(fleet, tasks);
    const cpu = [...drained.cpuUs].map(([name, us]) => `${name} ${us.toFixed(1)}`).join(', ');
    say(
      `submitted ${perS([drained.submittedPerS])}, finished ${perS([drained.finishedPerS])}; µs of CPU per task: ${cpu}`,
    );
    return drained;
  } finally {
    await fleet.stop();
  }
}

async function measureLatency(size: Fleet['size'], finishedPerS: number): Promise<void> {
  const fleet = await Fleet.start(size);
  try {
    await fleet.addWorker();
    await latency(fleet, { perSecond: 50, seconds: 2 });
    for (const perSecond of [50, Math.round(finishedPerS / 10)]) {
      const { p50, p99 } = await latency(fleet, { perSecond, seconds: 5 });
      say(`submit to result at ${perSecond}/s: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
    }
  } finally {
    await fleet.stop();
  }
}

async function compare(command: string, finishedPerS: number): Promise<void> {
  for (const [mode, rate] of await peerDrains(command)) {
    say(`peer ${mode}: ${perS([rate])}; ratio ${(finishedPerS / rate).toFixed(2)}`);
  }
}

function perS(rates: readonly number[]): string {
  return `${Math.round(median(rates))}/s`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
