import type { Replica } from '@reeve/replica';
import { SnapshotLoader, Tree } from '@reeve/tree';
import { noSession, type SessionId } from '@reeve/wire';

/** Everything that a member agrees to with the others, as lines of text: its znodes and its sessions. */
export function contentsOf(replica: Replica): string[] {
  const tree = new Tree();
  const loader = new SnapshotLoader(tree);
  for (const slice of replica.snapshot().slices) loader.take(slice);
  loader.finish();
  const lines: string[] = [];
  for (const [id, timeoutMs] of tree.sessions) lines.push(`session ${id} ${timeoutMs}`);
  for (const znode of tree.znodes()) {
    const { czxid, mzxid, pzxid, version, aversion, creates, owner, ctimeMs, mtimeMs } = znode;
    const facts = [czxid, mzxid, pzxid, ctimeMs, mtimeMs, version, aversion, creates, owner, znode.dataLength];
    lines.push(`${tree.path(znode)} ${facts.join(' ')} ${znode.childCount}`);
  }
  return lines.sort();
}

/** Ephemerals that a member holds, with their owners. */
export function ephemeralsOf(replica: Replica): [owner: SessionId, path: string][] {
  const owned: [SessionId, string][] = [];
  for (const [owner, paths] of replica.status().eachOwner()) {
    if (owner !== noSession) for (const path of paths) owned.push([owner, path]);
  }
  return owned;
}

/** The first line in which two differ. */
export function firstDifference(a: readonly string[], b: readonly string[]): string | undefined {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i += 1) if (a[i] !== b[i]) return `${a[i] ?? 'nothing'} and ${b[i] ?? 'nothing'}`;
  return undefined;
}
