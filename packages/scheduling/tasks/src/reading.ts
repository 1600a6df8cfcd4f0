import type { Coordination, ReadResult, RequestOptions } from '@reeve/client';
import { BATCH_BYTES_MAX, BATCH_ITEMS_MAX, pooled } from './batch.ts';
import { RecordError } from './codec.ts';
import type { RecordName } from './schemas.ts';

/** What reading one record gave. */
export type Reading<T> =
  | {
      readonly kind: 'found';
      readonly value: T;
      /** The zxid that created the znode; for an assignment the fencing token. */
      readonly czxid: number;
      /** When the znode was created, milliseconds since the epoch by the engine's clock. */
      readonly ctime: number;
      readonly version: number;
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly error: RecordError };

/** Reads many znodes with few requests; how many go into one follows the size of what it has read so far. */
export class BulkReader {
  readonly #coordination: Coordination;
  /** Doubles while answers are small: the first request may meet specifications of a megabyte each. */
  #window = 32;

  constructor(coordination: Coordination) {
    this.#coordination = coordination;
  }

  /** The data of `paths`, in their order. */
  async read(paths: readonly string[], options?: RequestOptions): Promise<readonly ReadResult[]> {
    const results: ReadResult[] = new Array(paths.length);
    for (let start = 0; start < paths.length; ) {
      const windows = windowsFrom(start, paths.length, this.#window);
      await pooled(windows, (window) => this.#readWindow({ paths, results, options }, window));
      start = windows.at(-1)?.end ?? paths.length;
    }
    return results;
  }

  async #readWindow(job: Job, { start, end }: Window): Promise<void> {
    const parts = job.paths.slice(start, end).map((path) => ({ op: 'getData', path }) as const);
    const answers = await this.#coordination.multiRead(parts, job.options);
    let bytes = 0;
    for (const [i, answer] of answers.entries()) {
      job.results[start + i] = answer;
      if (answer.ok && 'data' in answer) bytes += answer.data?.length ?? 0;
    }
    this.#adapt(bytes, answers.length);
  }

  #adapt(bytes: number, count: number): void {
    const fitting = Math.floor((BATCH_BYTES_MAX * count) / Math.max(bytes, 1));
    this.#window = Math.max(1, Math.min(this.#window * 2, fitting, BATCH_ITEMS_MAX));
  }
}

type Window = { readonly start: number; readonly end: number };
type Job = {
  readonly paths: readonly string[];
  readonly results: ReadResult[];
  readonly options: RequestOptions | undefined;
};

// As many as `pooled` has under way at a time: after them the window is taken anew.
const WINDOWS_PER_ROUND = 4;

function windowsFrom(from: number, total: number, size: number): readonly Window[] {
  const windows: Window[] = [];
  for (let start = from; start < total && windows.length < WINDOWS_PER_ROUND; start += size) {
    windows.push({ start, end: Math.min(start + size, total) });
  }
  return windows;
}

/** Makes a record of what a read answered. */
export function reading<T>(
  record: RecordName,
  result: ReadResult | undefined,
  decode: (data: Buffer | null) => T,
): Reading<T> {
  if (result === undefined || !('data' in result)) return refused(record, result);
  const { czxid, ctime, version } = result.stat;
  try {
    return { kind: 'found', value: decode(result.data), czxid, ctime, version };
  } catch (error) {
    if (error instanceof RecordError) return { kind: 'unreadable', error };
    throw error;
  }
}

function refused(record: RecordName, result: ReadResult | undefined): Reading<never> {
  const issue = result === undefined || result.ok ? 'no answer' : result.code;
  if (issue === 'no_node') return { kind: 'missing' };
  return { kind: 'unreadable', error: new RecordError({ code: 'record_refused', record, issue }) };
}
