import type { Coordination, ReadPart, ReadResult, RequestOptions } from '@reeve/client';
import { pooled } from './batch.ts';
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

/** So many records of `RECORD_BYTES_MAX` fit into the longest reply that a client takes unless told otherwise, 16 MiB. */
const READS_PER_REQUEST = 60;

/** The data of many znodes, in the order of `paths`, with few requests. */
export async function readAll(
  coordination: Coordination,
  paths: readonly string[],
  options?: RequestOptions,
): Promise<readonly ReadResult[]> {
  const results: ReadResult[] = new Array(paths.length);
  const starts: number[] = [];
  for (let start = 0; start < paths.length; start += READS_PER_REQUEST) starts.push(start);
  await pooled(starts, async (start) => {
    const parts = paths.slice(start, start + READS_PER_REQUEST).map((path): ReadPart => ({ op: 'getData', path }));
    const answers = await coordination.multiRead(parts, options);
    for (let i = 0; i < answers.length; i += 1) results[start + i] = answers[i] as ReadResult;
  });
  return results;
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
