import type { Deed, Plan } from './plan.ts';
import { run } from './run.ts';
import type { WorldOptions } from './world.ts';

/** What is to stay while a plan is made smaller. */
export interface Shrinking {
  /** The promise that is broken. */
  readonly promise: string;
  /** Made anew for each run. */
  readonly options: () => WorldOptions;
}

/** How many runs shrinking may take. */
const RUNS_MAX = 2_000;

/** A smaller plan that breaks the same promise: fewer deeds, and a shorter time. */
export function shrink(plan: Plan, { promise, options }: Shrinking): Plan {
  let runs = 0;
  const breaks = (candidate: Plan): boolean => {
    runs += 1;
    if (runs > RUNS_MAX) return false;
    return run(candidate, options()).violations.some((violation) => violation.promise === promise);
  };
  let small = shortened(plan, breaks);
  for (let size = Math.ceil(small.deeds.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    small = thinned(small, size, breaks);
  }
  return shortened(small, breaks);
}

/** Leaves out one part of `size` deeds after the other, where that does not matter. */
function thinned(plan: Plan, size: number, breaks: (candidate: Plan) => boolean): Plan {
  let small = plan;
  for (let at = 0; at < small.deeds.length; ) {
    const deeds: Deed[] = [...small.deeds.slice(0, at), ...small.deeds.slice(at + size)];
    const candidate = { ...small, deeds };
    if (breaks(candidate)) small = candidate;
    else at += size;
  }
  return small;
}

/** Ends soon after what is needed. */
function shortened(plan: Plan, breaks: (candidate: Plan) => boolean): Plan {
  let small = plan;
  for (let share = 0.5; share < 1; share += (1 - share) / 2 + 0.01) {
    const lastsMs = Math.ceil(small.setup.lastsMs * share);
    const deeds = small.deeds.filter(({ atMs }) => atMs <= lastsMs);
    const candidate = { setup: { ...small.setup, lastsMs }, deeds };
    if (breaks(candidate)) small = candidate;
  }
  return small;
}
