import type { Coordination } from '@reeve/client';

/** One who stands in an election. */
export interface Candidate {
  readonly path: string;
  /** The zxid of its creation: grows from one leader to the next, so it can fence what an earlier one writes. */
  readonly czxid: number;
}

const SEQUENCE_DIGITS = 10;

/** The position in line that the server has given to a sequential znode. */
function sequenceOf(name: string): number {
  return Number(name.slice(-SEQUENCE_DIGITS));
}

/** The candidates among the children of an election's znode, first in line first. */
export function inLine(children: readonly string[], prefix: string): readonly string[] {
  const candidates = children.filter(
    (name) => name.startsWith(prefix) && name.length === prefix.length + SEQUENCE_DIGITS,
  );
  return candidates.sort((a, b) => sequenceOf(a) - sequenceOf(b));
}

/** The candidate that this client's session has created, if there is one: what an unanswered create has left. */
export async function findOwn(client: Coordination, path: string, prefix: string): Promise<string | undefined> {
  // Without this the server asked may not know yet what another one has done for us.
  await client.sync(path);
  for (const name of inLine(await client.getChildren(path), prefix)) {
    const stat = await client.exists(`${path}/${name}`);
    if (stat?.ephemeralOwner === client.sessionId) return name;
  }
  return undefined;
}
