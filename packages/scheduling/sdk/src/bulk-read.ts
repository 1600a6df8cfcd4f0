import type { Coordination, ReadPart, ReadResult, RequestOptions } from '@reeve/client';

/** Reads `parts` with as few requests as `perRequest` allows: the answers of one must fit into one reply. */
export async function bulkRead(
  session: Coordination,
  { parts, perRequest, request }: BulkRead,
): Promise<readonly ReadResult[]> {
  const results: ReadResult[] = [];
  for (let start = 0; start < parts.length; start += perRequest) {
    results.push(...(await session.multiRead(parts.slice(start, start + perRequest), request)));
  }
  return results;
}

/** What to read, and how much of it at a time. */
export interface BulkRead {
  readonly parts: readonly ReadPart[];
  readonly perRequest: number;
  readonly request: RequestOptions;
}

/** The names that a read answered; none where the folder is not there. */
export function namesOf(result: ReadResult | undefined): readonly string[] {
  return result !== undefined && 'children' in result ? result.children : [];
}
