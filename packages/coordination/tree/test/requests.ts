import type { Asker, Preparation, WriteOp, WriteRules } from '@reeve/tree';
import {
  type ApplyObserver,
  apply,
  decodeTxn,
  encodeTxn,
  nobody,
  Pending,
  prepare,
  prepareClose,
  Tree,
  type Txn,
  type Znode,
} from '@reeve/tree';
import { type Acl, noSession, openAcl, permissions, Reader, type RequestOf, type SessionId, Writer } from '@reeve/wire';

/** Everything is allowed that an option can allow. */
export const rules: WriteRules = {
  timeToLive: 'accepted',
  x509: 'accepted',
  sasl: 'accepted',
  reconfiguration: 'unimplemented',
};

/** Somebody from nowhere in particular. */
export const anybody: Asker = {
  session: '00000000000000aa' as SessionId,
  identities: [{ scheme: 'ip', id: '10.1.2.3' }],
};

/** One write, as a client would send it. */
export type Write = { readonly [Op in WriteOp]: { readonly op: Op; readonly request: RequestOf<Op> } }[WriteOp];

/** Short forms of requests. */
export const create = (path: string, more: Partial<RequestOf<'create'>> = {}): Write => ({
  op: 'create',
  request: { path, data: Buffer.from(''), acl: openAcl, flags: 0, ...more },
});
export const remove = (path: string, version = -1): Write => ({ op: 'delete', request: { path, version } });
export const setData = (path: string, data: string | null, version = -1): Write => ({
  op: 'setData',
  request: { path, data: data === null ? null : Buffer.from(data), version },
});
export const setAcl = (path: string, acl: readonly Acl[], version = -1): Write => ({
  op: 'setACL',
  request: { path, acl, version },
});

/** An access list of one entry. */
export function only(scheme: string, id: string, perms: number = permissions.all): readonly Acl[] {
  return [{ perms, id: { scheme, id } }];
}

const reader = new Reader();

/** A tree with its leader: prepares, logs and applies, as far apart as a test wants. */
export class Workbench {
  readonly tree = new Tree();
  readonly pending = new Pending(this.tree);
  /** Every transaction ever proposed, as the log has it. */
  readonly log: { readonly zxid: number; readonly payload: Buffer }[] = [];
  readonly #outstanding: { readonly zxid: number; readonly session: SessionId; readonly txn: Txn }[] = [];
  #zxid = 0;

  /** Proposes a write and says what became of it. */
  propose({ op, request }: Write, asker: Asker = anybody): Txn {
    const preparation: Preparation = { pending: this.pending, asker, rules, zxid: this.#zxid + 1 };
    return this.#log(prepare(preparation, op, request as never), asker.session);
  }

  /** Proposes that a session begins, or ends. */
  session(session: SessionId, change: 'begins' | 'ends'): Txn {
    if (change === 'begins') return this.#log({ kind: 'create_session', timeoutMs: 5000 }, session);
    const zxid = this.#zxid + 1;
    return this.#log(prepareClose(this.pending, this.tree, { session, zxid }), session);
  }

  /** Applies the first `count` outstanding transactions; all of them unless told. */
  commit(count = this.#outstanding.length, observer: ApplyObserver = nobody): void {
    for (const { zxid, session, txn } of this.#outstanding.splice(0, count)) {
      apply(this.tree, { zxid, session, xid: 0, timeMs: zxid * 10 }, txn, observer);
      this.pending.applied(zxid);
    }
  }

  /** Proposes and applies at once. */
  do(write: Write, asker: Asker = anybody): Txn {
    const txn = this.propose(write, asker);
    this.commit();
    return txn;
  }

  #log(txn: Txn, session: SessionId): Txn {
    this.#zxid += 1;
    const writer = new Writer();
    encodeTxn(writer, { session, xid: 0, timeMs: this.#zxid * 10 }, txn);
    this.log.push({ zxid: this.#zxid, payload: writer.take() });
    this.#outstanding.push({ zxid: this.#zxid, session, txn });
    return txn;
  }
}

/** Replays entries onto a tree, as a start does. */
export function replay(tree: Tree, entries: Workbench['log']): void {
  for (const { zxid, payload } of entries) {
    const { txn, ...origin } = decodeTxn(reader.reset(payload));
    apply(tree, { ...origin, zxid }, txn, nobody);
  }
}

/** Everything a tree holds, in a form that `toEqual` compares and people can read. */
export function contents(tree: Tree): object {
  const znodes = [...tree.znodes()].map((znode) => [tree.path(znode), shown(znode)] as const);
  return {
    lastZxid: tree.lastZxid,
    sessions: Object.fromEntries(tree.sessions),
    znodes: Object.fromEntries(znodes.sort()),
    ephemerals: Object.fromEntries([...tree.owners()].map((id) => [id, [...tree.ephemeralsOf(id)].sort()]).sort()),
    mortals: [...tree.mortals()].map((znode) => tree.path(znode)).sort(),
    bytes: tree.approximateDataBytes,
    size: tree.size,
  };
}

function shown(znode: Znode): object {
  const { acl, lifetime, owner, ttlMs, czxid, ctimeMs, mzxid, mtimeMs, pzxid, version, aversion, creates } = znode;
  const rest = { czxid, ctimeMs, mzxid, mtimeMs, pzxid, version, aversion, creates, childCount: znode.childCount };
  const children = [...znode.childNames()].sort();
  return { data: znode.data, acl: acl.entries, lifetime, owner, ttlMs, children, ...rest };
}

/** The name of the refusal, or `ok`. */
export function outcome(txn: Txn): string {
  return txn.kind === 'refused' ? txn.error : 'ok';
}

/** A session id for tests. */
export function sessionNumber(n: number): SessionId {
  return n.toString(16).padStart(noSession.length, '0') as SessionId;
}
