import type { Comparison, MigrateOptions, MigrationReport } from '@reeve/migration';

/** How many differences are shown; the rest is counted. */
const SHOWN_MAX = 100;

/** What was copied, for people. */
export function reportLines(report: MigrationReport, mode: MigrateOptions['mode']): string {
  const { created, dataSet, aclSet, deleted, counterPairs, znodes, ephemerals, passes } = report;
  const would = mode === 'rehearse' ? 'would be ' : '';
  const kinds = `${report.containers} containers, ${report.ttls} with a time to live`;
  return [
    `${znodes} znodes, ${created} ${would}created (${kinds}), ${dataSet} data and ${aclSet} access lists ${would}set, ` +
      `${deleted} ${would}deleted`,
    `sequence counters ${would}brought forward by ${counterPairs}`,
    `${ephemerals} ephemerals left out: their owners make them again when they connect to the target`,
    ...(mode === 'rehearse' ? [] : [`${passes} passes`]),
  ].join('\n');
}

/** Whether containers and times to live were told by files, or are known not to be there. */
interface Knowledge {
  readonly lifetimes: 'known' | 'as_told';
}

/** What is different at the target, or cannot be known, each as a sentence. */
export function shortcomings(report: MigrationReport, { lifetimes }: Knowledge): readonly string[] {
  const sentences: string[] = [];
  const { unknownLifetimes: unknown, counterGaps: gaps, outcome } = report;
  if (unknown > 0 && lifetimes === 'as_told') {
    sentences.push(
      `${unknown} znodes were taken for persistent: the protocol does not tell containers and times to live. Name the ` +
        "source's directory with --from-data-dir, or say --all-persistent when there are none",
    );
  }
  const [first] = gaps;
  if (first !== undefined) {
    sentences.push(
      `${gaps.length} sequence counters differ, such as that of ${first.path}: the next number is ${first.source} at the ` +
        `source and ${first.target} at the target. One that is behind can be brought forward with a larger --counter-max`,
    );
  }
  if (outcome === 'changing') {
    sentences.push(
      'the source was changed during every pass: stop those who write there, and repeat with --continue for the rest',
    );
  }
  return sentences;
}

/** What a comparison found, for people. */
export function comparisonLines({ znodes, differences }: Comparison): string {
  if (differences.length === 0) return `both sides are equal: ${znodes} znodes`;
  const shown = differences.slice(0, SHOWN_MAX).map(({ kind, path }) => `${kind.padEnd(8)}  ${path}`);
  const rest = differences.length - shown.length;
  const more = rest === 0 ? [] : [`and ${rest} more`];
  return [...shown, ...more, `${differences.length} differences in ${znodes} znodes`].join('\n');
}
