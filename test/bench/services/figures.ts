import { median } from '../peer.ts';

const P99 = 0.99;

/** `ms`: how long something took; `/s`: how much of it was done. */
export type Unit = 'ms' | '/s';

/** What one side did, a list of samples for each repetition. */
export type Samples = readonly (readonly number[])[];

/** How the samples of a side read: the median, and what one in a hundred exceeds when there are that many. */
export function worded(samples: Samples, unit: Unit): string {
  const all = samples.flat();
  if (all.length === 0) return '–';
  if (unit === '/s') return `${Math.round(median(all)).toLocaleString('en')}/s`;
  return `${rounded(median(all))} / ${rounded(quantile(all, P99))} ms`;
}

/** How many times better the first side did than the second: the median of the repetitions, and their range. */
export function ratio(ours: Samples, theirs: Samples, unit: Unit): string {
  const pairs = ours.flatMap((mine, i) => {
    const other = theirs[i] ?? [];
    if (mine.length === 0 || other.length === 0) return [];
    return [unit === 'ms' ? median(other) / median(mine) : median(mine) / median(other)];
  });
  if (pairs.length === 0) return '–';
  const range = pairs.length === 1 ? '' : ` (${Math.min(...pairs).toFixed(2)}–${Math.max(...pairs).toFixed(2)})`;
  return `${median(pairs).toFixed(2)}${range}`;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function rounded(ms: number): string {
  return ms < 10 ? ms.toFixed(2) : ms < 1_000 ? ms.toFixed(1) : Math.round(ms).toLocaleString('en');
}
