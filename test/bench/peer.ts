import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** One figure of a peer: its name, and how much. */
interface PeerRow {
  readonly mode: string;
  readonly metric: string;
  readonly value: number;
}

/**
 * Runs another platform's benchmark on the same machine in the same run: a shell command that prints JSON rows
 * `{"mode": "drain…", "metric": "throughput", "value": 16000}`. Says the median of each mode that starts with `drain`.
 */
export async function peerDrains(command: string): Promise<ReadonlyMap<string, number>> {
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], { maxBuffer: 64 * 1024 * 1024 });
  const rows = stdout.split('\n').filter((line) => line.startsWith('{'));
  const byMode = new Map<string, number[]>();
  for (const { mode, metric, value } of rows.map((line) => JSON.parse(line) as PeerRow)) {
    if (!mode.startsWith('drain') || metric !== 'throughput') continue;
    byMode.set(mode, [...(byMode.get(mode) ?? []), value]);
  }
  return new Map([...byMode].map(([mode, values]) => [mode, median(values)]));
}

/** The middle one of some figures. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
