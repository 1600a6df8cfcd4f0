import type { Tree } from '@reeve/tree';
import type { Acl, SessionId } from '@reeve/wire';
import { type DataDisplay, dataFacts, isWithin, type PartFacts } from './txn-facts.ts';

/** One znode of a state, as it is shown. */
export interface ZnodeFacts extends Pick<PartFacts, 'bytes' | 'data' | 'encoding'> {
  readonly path: string;
  readonly lifetime: string;
  readonly ttlMs?: number;
  /** The session that an ephemeral belongs to. */
  readonly owner?: SessionId;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  /** How many children were ever created: the next sequence number. */
  readonly creates: number;
  readonly children: number;
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly acl: readonly Acl[];
}

/** The znodes at `root` and below, in no order that means anything. */
export function* znodeFacts(tree: Tree, root: string, display: DataDisplay): Generator<ZnodeFacts> {
  for (const znode of tree.znodes()) {
    const path = tree.path(znode);
    if (!isWithin(path, root)) continue;
    const { lifetime, ttlMs, owner, version, cversion, aversion, creates } = znode;
    const { czxid, mzxid, pzxid, ctimeMs, mtimeMs, data } = znode;
    yield {
      path,
      lifetime,
      ...(lifetime === 'ttl' ? { ttlMs } : {}),
      ...(lifetime === 'ephemeral' ? { owner } : {}),
      ...dataFacts(data === null ? null : Buffer.from(data, 'latin1'), display),
      ...{ version, cversion, aversion, creates, children: znode.childCount },
      ...{ czxid, mzxid, pzxid, ctimeMs, mtimeMs },
      acl: znode.acl.entries,
    };
  }
}
