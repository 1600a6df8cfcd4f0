import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { messageOf } from '@reeve/base';
import { variants } from './broken/variants.ts';
import { type Plan, parsePlan, planText } from './plan.ts';
import { planOfSeed } from './plan-of-seed.ts';
import { type RunResult, run } from './run.ts';
import { shrink } from './shrink.ts';
import type { WorldOptions } from './world.ts';

const USAGE = `Runs ensembles in virtual time, with faults, and checks what they promise.

  --seed N        the first seed (1)
  --runs K        how many seeds (100)
  --members N     members of each ensemble; each seed draws its own unless given
  --minutes M     virtual minutes of each run; each seed draws its own unless given
  --broken NAME   a variant that is broken on purpose: ${[...variants.keys()].join(', ')}
  --plan FILE     plays this plan instead of seeds
  --tell          prints what happens
  --shrink FILE   writes the smallest plan that still breaks the promise
`;
const options = {
  help: { type: 'boolean', default: false },
  seed: { type: 'string', default: '1' },
  runs: { type: 'string', default: '100' },
  minutes: { type: 'string' },
  members: { type: 'string' },
  broken: { type: 'string' },
  plan: { type: 'string' },
  shrink: { type: 'string' },
  tell: { type: 'boolean', default: false },
} as const;
const FAILED = 1;
const MISUSED = 2;
const { values } = readArguments();
const HOUR_MS = 3_600_000;
const TOLD_PER_RUN_MAX = 3;

function readArguments() {
  try {
    return parseArgs({ options });
  } catch (error) {
    return misused(messageOf(error));
  }
}

function misused(message: string): never {
  process.stderr.write(`sim: ${message}\nSee npm run sim -- --help\n`);
  process.exit(MISUSED);
}

/** A count that was given: a run of nothing must not look like one in which nothing failed. */
function wholeNumber(name: 'seed' | 'runs' | 'members', text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) misused(`--${name} ${text}: must be a whole number from 1 on`);
  return Number(text);
}

function minutesOf(text: string): number {
  const minutes = Number(text);
  if (!(minutes > 0 && Number.isFinite(minutes))) misused(`--minutes ${text}: must be a number above 0`);
  return minutes;
}

function optionsOf(): WorldOptions {
  const name = values.broken;
  const make = name === undefined ? undefined : variants.get(name);
  if (name !== undefined && make === undefined) {
    const known = [...variants.keys()].join(', ');
    return misused(`--broken ${name}: there is no such variant; there are ${known}`);
  }
  return {
    ...(make === undefined ? {} : { sabotage: make() }),
    ...(values.tell ? { tell: (line: string) => process.stdout.write(`${line}\n`) } : {}),
  };
}

function planIn(file: string): Plan {
  try {
    return parsePlan(readFileSync(file, 'utf8'));
  } catch (error) {
    return misused(`--plan ${file}: ${messageOf(error)}`);
  }
}

function planOf(seed: number): Plan {
  if (values.plan !== undefined) return planIn(values.plan);
  const members = values.members === undefined ? undefined : wholeNumber('members', values.members);
  const minutes = values.minutes === undefined ? undefined : minutesOf(values.minutes);
  return planOfSeed(seed, { members, minutes });
}

function again(seed: number): string {
  const given = ['minutes', 'members', 'broken', 'plan'] as const;
  const more = given.flatMap((key) => (values[key] === undefined ? [] : [` --${key} ${values[key]}`]));
  return `npm run sim -- --seed ${seed} --runs 1${more.join('')} --tell`;
}

function tellViolations(seed: number, { violations }: RunResult): void {
  for (const { promise, atMs, message } of violations.slice(0, TOLD_PER_RUN_MAX)) {
    process.stdout.write(`seed ${seed}: ${promise} at ${atMs.toFixed(1)} ms: ${message}\n`);
  }
  process.stdout.write(`  again: ${again(seed)}\n`);
}

function shrinkTo(file: string, plan: Plan, promise: string): void {
  const small = shrink(plan, { promise, options: optionsOf });
  writeFileSync(file, planText(small));
  process.stdout.write(`  shrunk from ${plan.deeds.length} deeds to ${small.deeds.length}: ${file}\n`);
}

function main(): number {
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const first = wholeNumber('seed', values.seed);
  const runs = values.plan === undefined ? wholeNumber('runs', values.runs) : 1;
  process.stdout.write(`seed ${first}, ${runs} runs\n`);
  const begunMs = performance.now();
  const total = { virtualMs: 0, steps: 0, acknowledged: 0, epochs: 0, failed: 0 };
  for (let seed = first; seed < first + runs; seed += 1) {
    const plan = planOf(seed);
    const result = run(plan, optionsOf());
    total.virtualMs += result.virtualMs;
    total.steps += result.steps;
    total.acknowledged += result.acknowledged;
    total.epochs += result.epochs;
    if (runs === 1) process.stdout.write(`fingerprint ${result.fingerprint}\n`);
    const [violation] = result.violations;
    if (violation === undefined) continue;
    total.failed += 1;
    tellViolations(seed, result);
    if (values.shrink !== undefined) shrinkTo(values.shrink, plan, violation.promise);
    if (values.broken !== undefined || values.shrink !== undefined) break;
  }
  const seconds = (performance.now() - begunMs) / 1_000;
  const hours = (total.virtualMs / HOUR_MS).toFixed(2);
  const { failed, acknowledged, epochs, steps } = total;
  process.stdout.write(
    `${hours} virtual hours in ${seconds.toFixed(1)} s; ${acknowledged} answers, ${epochs} epochs, ${steps} steps; ${failed} runs with violations\n`,
  );
  return failed === 0 ? 0 : FAILED;
}

process.exitCode = main();
