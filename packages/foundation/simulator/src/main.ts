// Runs ensembles in virtual time. Usage: main [--seed N] [--runs K] [--minutes M] [--members N] [--broken NAME] [--plan FILE] [--tell] [--shrink FILE]
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { variants } from './broken/variants.ts';
import { type Plan, parsePlan, planText } from './plan.ts';
import { planOfSeed } from './plan-of-seed.ts';
import { type RunResult, run } from './run.ts';
import { shrink } from './shrink.ts';
import { SimulatorError } from './simulator-error.ts';
import type { WorldOptions } from './world.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '100' },
    minutes: { type: 'string' },
    members: { type: 'string' },
    broken: { type: 'string' },
    plan: { type: 'string' },
    shrink: { type: 'string' },
    tell: { type: 'boolean', default: false },
  },
});
const HOUR_MS = 3_600_000;
const TOLD_PER_RUN_MAX = 3;

function optionsOf(): WorldOptions {
  const name = values.broken;
  const make = name === undefined ? undefined : variants.get(name);
  if (name !== undefined && make === undefined) {
    const known = [...variants.keys()].join(', ');
    throw new SimulatorError(
      { code: 'arguments_invalid' },
      `--broken ${name}: there is no such variant; there are ${known}`,
    );
  }
  return {
    ...(make === undefined ? {} : { sabotage: make() }),
    ...(values.tell ? { tell: (line: string) => process.stdout.write(`${line}\n`) } : {}),
  };
}

function planOf(seed: number): Plan {
  if (values.plan !== undefined) return parsePlan(readFileSync(values.plan, 'utf8'));
  const members = values.members === undefined ? undefined : Number(values.members);
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
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
  const first = Number(values.seed);
  const runs = values.plan === undefined ? Number(values.runs) : 1;
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
  return failed === 0 ? 0 : 1;
}

process.exitCode = main();
