import { Presets, SingleBar } from 'cli-progress';

/** Shows how far something is: a bar on a terminal, nothing elsewhere. */
export interface Progress {
  advance(count: number): void;
  stop(): void;
}

/** What a bar shows. */
export interface ProgressOptions {
  /** What is counted, such as `submitted`. */
  readonly label: string;
  /** How many there will be; 0 when nobody knows. */
  readonly total: number;
  readonly stream: NodeJS.WriteStream;
}

const silent: Progress = { advance() {}, stop() {} };

/** A bar on `stream` where that is a terminal. */
export function showProgress({ label, total, stream }: ProgressOptions): Progress {
  if (!stream.isTTY) return silent;
  const format = total === 0 ? `{value} ${label}` : `{bar} {percentage}%  {value} of {total} ${label}`;
  const bar = new SingleBar({ format, stream, clearOnComplete: true, hideCursor: true }, Presets.shades_classic);
  bar.start(total, 0);
  return { advance: (count) => bar.increment(count), stop: () => bar.stop() };
}
