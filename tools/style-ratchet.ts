import type { Violation } from './style-rules.ts';

/** Exceptions by rule and place, each with the worst value that is still tolerated. */
export type Baseline = { readonly [rule: string]: { readonly [key: string]: number } };

export type Verdict = {
  /** Broken rules that the baseline does not excuse. */
  readonly fresh: readonly Violation[];
  /** Excuses that are larger than needed, as `rule key`. They must go, or the ratchet would slip back. */
  readonly stale: readonly string[];
  /** The baseline as small as it can be now. Never larger than the one given. */
  readonly shrunk: Baseline;
};

/** Compares what is broken with what was excused. The list of excuses may only shrink. */
export function judge(violations: readonly Violation[], baseline: Baseline): Verdict {
  const found = new Map(violations.map((violation) => [`${violation.rule} ${violation.key}`, violation]));
  const fresh = violations.filter(({ rule, key, value }) => value > (baseline[rule]?.[key] ?? 0));
  const stale: string[] = [];
  const shrunk: Record<string, Record<string, number>> = {};
  for (const [rule, keys] of Object.entries(baseline)) {
    for (const [key, allowed] of Object.entries(keys)) {
      const value = found.get(`${rule} ${key}`)?.value ?? 0;
      if (value < allowed) stale.push(`${rule} ${key}`);
      if (value > 0) shrunk[rule] = { ...shrunk[rule], [key]: Math.min(value, allowed) };
    }
  }
  return { fresh, stale, shrunk };
}
