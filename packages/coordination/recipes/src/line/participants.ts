import { codeOf } from '@reeve/base';
import type { Coordination, ReadPart, SessionId } from '@reeve/client';
import { inLine } from './line-order.ts';

/** Znodes read in one request. */
const READS_AT_ONCE = 256;

/** One who stands in a line. */
export interface Participant {
  readonly path: string;
  /** `holds`: it has what the line is for; `waits`: others have it, or go first. */
  readonly role: 'holds' | 'waits';
  /** What its znode says of it. */
  readonly data: Buffer;
  /** The fence that it has, or will have. */
  readonly fence: number;
  /** Since when it is in line, by the servers' clocks: milliseconds since the epoch. */
  readonly since: number;
  readonly sessionId: SessionId;
}

/** Which line to read, and who in it has what it is for. */
export interface LineView {
  readonly path: string;
  readonly holds: (line: readonly string[], own: number) => boolean;
}

/** Everybody in a line, the first one first; nobody where there is no line. */
export async function participantsOf(client: Coordination, { path, holds }: LineView): Promise<readonly Participant[]> {
  const line = await lineAt(client, path);
  const found: Participant[] = [];
  for (let from = 0; from < line.length; from += READS_AT_ONCE) {
    const names = line.slice(from, from + READS_AT_ONCE);
    const parts = names.map((name): ReadPart => ({ op: 'getData', path: `${path}/${name}` }));
    const results = await client.multiRead(parts);
    for (const [at, result] of results.entries()) {
      // Gone since the line was read.
      if (!result.ok || !('data' in result)) continue;
      const { czxid, ctime, ephemeralOwner } = result.stat;
      found.push({
        path: `${path}/${names[at]}`,
        role: holds(line, from + at) ? 'holds' : 'waits',
        // A copy: what was received is a view into a larger chunk.
        data: Buffer.from(result.data ?? ''),
        fence: czxid,
        since: ctime,
        sessionId: ephemeralOwner,
      });
    }
  }
  return found;
}

async function lineAt(client: Coordination, path: string): Promise<readonly string[]> {
  try {
    return inLine(await client.getChildren(path));
  } catch (error) {
    if (codeOf(error) === 'no_node') return [];
    throw error;
  }
}
