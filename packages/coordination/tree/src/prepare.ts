import {
  type Acl,
  type CreateMode,
  createMode,
  type ErrorName,
  type Identity,
  lastNameFault,
  type MultiPart,
  noSession,
  pathFault,
  permissions,
  type RequestOf,
  type SessionId,
  Span,
} from '@reeve/wire';
import { type AccessRules, permits, resolveAcl } from './access.ts';
import type { Pending } from './pending.ts';
import type { PendingZnode } from './pending-znode.ts';
import type { QuotaGuard } from './quota-guard.ts';
import type { Lifetime } from './store/znode-store.ts';
import { reservedPaths, type Tree } from './tree.ts';
import { sessionOver, type Txn, type TxnPart } from './txn.ts';
import type { ZnodeView } from './znode.ts';

/** Who asks: what `prepare` and the reads must know of a connection. */
export interface Asker {
  readonly session: SessionId;
  /** Everything the connection has proved, its address included. */
  readonly identities: readonly Identity[];
}

/** What an operator decides about writes. */
export interface WriteRules extends AccessRules {
  /** Whether znodes may have a time to live (ZooKeeper's extendedTypesEnabled). */
  readonly timeToLive: 'accepted' | 'refused';
  /**
   * Whether the ensemble can be changed by a request; or how that is refused: as not known to one member alone, or as
   * disabled (reconfigEnabled). An offered one never comes here.
   */
  readonly reconfiguration: 'offered' | 'unimplemented' | 'reconfig_disabled';
}

/** The writes that clients ask for, sessions aside. */
export type WriteOp = MultiPart['op'] | 'setACL' | 'deleteContainer' | 'reconfig' | 'multi';

/** Everything a preparation depends on. */
export interface Preparation {
  readonly pending: Pending;
  readonly asker: Asker;
  readonly rules: WriteRules;
  /** The zxid that the transaction will have. */
  readonly zxid: number;
  /** Keeps writes within quotas; left out where quotas refuse nothing. */
  readonly quotas?: QuotaGuard | undefined;
}

type Refusal = Extract<Txn, { kind: 'refused' }>;
type Preparer<Op extends WriteOp> = (preparation: Preparation, request: RequestOf<Op>) => Txn;

/** ZooKeeper's largest time to live: 40 bits of milliseconds. */
const TTL_MS_MAX = 2 ** 40 - 1;
const SEQUENCE_DIGITS = 10;
/** Ephemerals that one transaction of the end of a session takes, and the characters of their paths. */
const CLOSE_PATHS_MAX = 1000;
const CLOSE_LENGTH_MAX = 1024 * 1024;
/** Bytes of all lists that one multi gives to znodes: a few bytes that say `auth` become many. */
const MULTI_ACL_BYTES_MAX = 16 * 1024 * 1024;

const preparers: { readonly [Op in WriteOp]: Preparer<Op> } = {
  create: (preparation, request) => prepareCreate(preparation, request, modeOf(request.flags)),
  create2: (preparation, request) => prepareCreate(preparation, request, modeOf(request.flags)),
  createContainer: (preparation, request) => prepareCreate(preparation, request, containerModeOf(request.flags)),
  createTTL: prepareCreateTtl,
  delete: prepareDelete,
  deleteContainer: prepareDeleteContainer,
  setData: prepareSetData,
  setACL: prepareSetAcl,
  check: prepareCheck,
  multi: prepareMulti,
  // One member alone has nothing to reconfigure.
  reconfig: ({ rules }) => refuse(rules.reconfiguration === 'offered' ? 'unimplemented' : rules.reconfiguration),
};

/**
 * Turns a request into the transaction that answers it, against the tree and everything outstanding, and notes in
 * `pending` what it will change. A refusal is a transaction too.
 */
export function prepare<Op extends WriteOp>(preparation: Preparation, op: Op, request: RequestOf<Op>): Txn {
  return (preparers[op] as Preparer<Op>)(preparation, request);
}

/**
 * The next transaction that ends a session. One does, with the ephemerals it has by then, unless these are very many:
 * then a first one says that its time is over, some take ephemerals, and the last one ends it. To be asked for the next
 * when one has been applied, until it is a `close_session`.
 */
export function prepareClose(
  pending: Pending,
  tree: Tree,
  { session, zxid }: { session: SessionId; zxid: number },
): Extract<Txn, { kind: 'close_session' | 'create_session' | 'multi' }> {
  const { some, rest } = ephemeralsOf(session, pending, tree);
  // Whoever starts anew from half of these must not find it open.
  if (rest === 'more' && tree.sessions.get(session) !== sessionOver) {
    return { kind: 'create_session', timeoutMs: sessionOver };
  }
  for (const [path, znode] of some) noteDelete(pending, znode, pending.parent(path), zxid);
  if (rest === 'none') return { kind: 'close_session', ephemerals: [...some.keys()] };
  return { kind: 'multi', parts: Array.from(some.keys(), (path) => ({ kind: 'delete', path })) };
}

/** As many ephemerals of a session as one transaction may take, and whether that leaves any. */
function ephemeralsOf(
  session: SessionId,
  pending: Pending,
  tree: Tree,
): { readonly some: ReadonlyMap<string, PendingZnode>; readonly rest: 'none' | 'more' } {
  const some = new Map<string, PendingZnode>();
  let length = 0;
  for (const paths of [tree.ephemeralsOf(session), pending.ephemeralsOf(session)]) {
    for (const path of paths) {
      const znode = pending.get(path);
      if (znode?.owner !== session || some.has(path)) continue;
      length += path.length;
      if (some.size === CLOSE_PATHS_MAX || (some.size > 0 && length > CLOSE_LENGTH_MAX)) return { some, rest: 'more' };
      some.set(path, znode);
    }
  }
  return { some, rest: 'none' };
}

function refuse(error: ErrorName): Refusal {
  return { kind: 'refused', error, failedPart: -1 };
}

interface Mode {
  readonly lifetime: Lifetime;
  readonly naming: 'given' | 'sequential';
}

/** What each kind of create asks for. */
const modes: Readonly<Record<CreateMode, Mode>> = {
  persistent: { lifetime: 'persistent', naming: 'given' },
  ephemeral: { lifetime: 'ephemeral', naming: 'given' },
  persistent_sequential: { lifetime: 'persistent', naming: 'sequential' },
  ephemeral_sequential: { lifetime: 'ephemeral', naming: 'sequential' },
  // As in ZooKeeper, only createContainer makes a container, whatever the flags of the others.
  container: { lifetime: 'persistent', naming: 'given' },
  persistent_with_ttl: { lifetime: 'ttl', naming: 'given' },
  persistent_sequential_with_ttl: { lifetime: 'ttl', naming: 'sequential' },
};
const containerMode: Mode = { lifetime: 'container', naming: 'given' };

function modeOf(flags: number): Mode | ErrorName {
  const mode = createMode(flags);
  return mode === undefined ? 'bad_arguments' : modes[mode];
}

/** createContainer makes a container of what would be persistent under its own name. */
function containerModeOf(flags: number): Mode | ErrorName {
  const mode = modeOf(flags);
  return mode === modes.persistent || mode === modes.container ? containerMode : mode;
}

interface CreateRequest {
  readonly path: string;
  readonly data: RequestOf<'create'>['data'];
  readonly acl: readonly Acl[];
}

function prepareCreateTtl(preparation: Preparation, request: RequestOf<'createTTL'>): Txn {
  const mode = modeOf(request.flags);
  if (typeof mode !== 'string' && mode.lifetime !== 'ttl') return refuse('bad_arguments');
  return prepareCreate(preparation, request, mode, request.ttl);
}

// The order of the checks is ZooKeeper's (PrepRequestProcessor.pRequest2TxnCreate): clients see the first that fails.
function prepareCreate(preparation: Preparation, request: CreateRequest, mode: Mode | ErrorName, ttlMs = 0): Txn {
  if (typeof mode === 'string') return refuse(mode);
  const { pending, asker, rules, quotas } = preparation;
  if (mode.lifetime === 'ttl' && rules.timeToLive === 'refused') return refuse('unimplemented');
  if (mode.lifetime === 'ttl' && (ttlMs <= 0 || ttlMs > TTL_MS_MAX)) return refuse('bad_arguments');
  if (!hasParent(request.path)) return refuse('bad_arguments');
  const acl = resolveAcl(request.acl, asker.identities, rules);
  if (typeof acl === 'string') return refuse(acl);
  const parent = pending.parent(request.path);
  if (parent === undefined) return refuse('no_node');
  if (!permits(parent.acl, permissions.create, asker.identities)) return refuse('no_auth');
  const path = mode.naming === 'sequential' ? request.path + sequence(parent.creates) : request.path;
  if (lastNameFault(path) !== undefined) return refuse('bad_arguments');
  if (pending.child(parent, path) !== undefined) return refuse('node_exists');
  if (parent.lifetime === 'ephemeral') return refuse('no_children_for_ephemerals');
  if (pending.isFull) return refuse('system_error');
  if (quotas?.forbidsCreate(path, request.data) === true) return refuse('quota_exceeded');
  const owner = mode.lifetime === 'ephemeral' ? asker.session : noSession;
  const parentCreates = noteCreate(preparation, path, parent, { acl, lifetime: mode.lifetime, owner });
  return { kind: 'create', path, data: spanOf(request.data), acl, lifetime: mode.lifetime, ttlMs, parentCreates };
}

function noteCreate(
  { pending, zxid }: Preparation,
  path: string,
  parent: PendingZnode,
  born: Pick<ZnodeView, 'acl' | 'lifetime' | 'owner'>,
): number {
  const record = pending.change(parent, zxid);
  record.creates = (record.creates + 1) | 0;
  record.childCount += 1;
  pending.create(path, zxid, born);
  return record.creates;
}

function noteDelete(pending: Pending, znode: PendingZnode, parent: PendingZnode | undefined, zxid: number): void {
  pending.delete(znode, zxid);
  if (parent !== undefined) pending.change(parent, zxid).childCount -= 1;
}

function prepareDelete({ pending, asker, zxid }: Preparation, request: RequestOf<'delete'>): Txn {
  const { path } = request;
  if (!hasParent(path) || reservedPaths.has(path)) return refuse('bad_arguments');
  const parent = pending.parent(path);
  if (parent === undefined) return refuse('no_node');
  if (!permits(parent.acl, permissions.delete, asker.identities)) return refuse('no_auth');
  // As in ZooKeeper the root passes for the parent of `//x`, which is not there all the same.
  if (path.startsWith('//')) return refuse('no_node');
  const znode = pending.child(parent, path);
  if (znode === undefined) return refuse('no_node');
  if (!isVersion(request.version, znode.version)) return refuse('bad_version');
  if (znode.childCount > 0) return refuse('not_empty');
  noteDelete(pending, znode, parent, zxid);
  return { kind: 'delete', path };
}

/** Deletes what its own rules let go: a container or a TTL znode without children, and nothing else. */
function prepareDeleteContainer(preparation: Preparation, request: RequestOf<'deleteContainer'>): Txn {
  const znode = preparation.pending.get(request.path);
  if (znode !== undefined && znode.lifetime !== 'container' && znode.lifetime !== 'ttl') return refuse('bad_version');
  return prepareDelete(preparation, { path: request.path, version: -1 });
}

function prepareSetData({ pending, asker, zxid, quotas }: Preparation, request: RequestOf<'setData'>): Txn {
  const { path } = request;
  const znode = pending.get(path);
  if (znode === undefined) return refuseMissing(path);
  if (!permits(znode.acl, permissions.write, asker.identities)) return refuse('no_auth');
  if (pending.isFull) return refuse('system_error');
  if (quotas?.forbidsData(path, request.data) === true) return refuse('quota_exceeded');
  if (!isVersion(request.version, znode.version)) return refuse('bad_version');
  const record = pending.change(znode, zxid);
  record.version = (record.version + 1) | 0;
  return { kind: 'set_data', path, data: spanOf(request.data), version: record.version };
}

function prepareSetAcl({ pending, asker, rules, zxid }: Preparation, request: RequestOf<'setACL'>): Txn {
  const { path } = request;
  if (pathFault(path) !== undefined) return refuse('bad_arguments');
  const acl = resolveAcl(request.acl, asker.identities, rules);
  if (typeof acl === 'string') return refuse(acl);
  const znode = pending.get(path);
  if (znode === undefined) return refuse('no_node');
  if (!permits(znode.acl, permissions.admin, asker.identities)) return refuse('no_auth');
  if (!isVersion(request.version, znode.aversion)) return refuse('bad_version');
  const record = pending.change(znode, zxid);
  record.aversion = (record.aversion + 1) | 0;
  record.acl = acl;
  return { kind: 'set_acl', path, acl, version: record.aversion };
}

function prepareCheck({ pending, asker }: Preparation, request: RequestOf<'check'>): Txn {
  const { path } = request;
  const znode = pending.get(path);
  if (znode === undefined) return refuseMissing(path);
  if (!permits(znode.acl, permissions.read, asker.identities)) return refuse('no_auth');
  return isVersion(request.version, znode.version) ? { kind: 'check', path } : refuse('bad_version');
}

/** Each part sees those before it; a failed one takes all of them, and what they noted, along. */
function prepareMulti(preparation: Preparation, requests: RequestOf<'multi'>): Txn {
  const { pending } = preparation;
  const start = pending.beginMulti();
  const txn = prepareParts(preparation, requests);
  if (txn.kind === 'refused') pending.undoMulti(start);
  pending.endMulti();
  return txn;
}

function prepareParts(preparation: Preparation, requests: RequestOf<'multi'>): Txn {
  const parts: TxnPart[] = [];
  let quotas = 0;
  let aclBytes = 0;
  for (const request of requests) {
    if (setsQuota(request)) quotas += 1;
    if (quotas > 1) return { ...refuse('bad_arguments'), failedPart: parts.length };
    const txn = prepare(preparation, request.op, request);
    if (txn.kind === 'refused') return { ...txn, failedPart: parts.length };
    if (txn.kind === 'create' || txn.kind === 'set_acl') aclBytes += txn.acl.encoded.length;
    if (aclBytes > MULTI_ACL_BYTES_MAX) return { ...refuse('invalid_acl'), failedPart: parts.length };
    parts.push(txn as TxnPart);
  }
  return { kind: 'multi', parts };
}

/** Each quota that begins counts a whole subtree: one in a transaction is enough. */
function setsQuota({ op, path }: MultiPart): boolean {
  return path.startsWith('/zookeeper/quota/') && path.endsWith('/zookeeper_limits') && op.startsWith('create');
}

/** The data of a request, most likely as it was read. Null stays null, which is not the same as empty. */
function spanOf(data: Buffer | Span | null): Span | null {
  return data === null || data instanceof Span ? data : Span.of(data);
}

/** What is there has a legal path: only of what is not there must that be asked. */
function refuseMissing(path: string): Txn {
  return refuse(pathFault(path) === undefined ? 'no_node' : 'bad_arguments');
}

function isVersion(expected: number, version: number): boolean {
  return expected === -1 || expected === version;
}

/** Whether a path has a parent to look for at all; whether it is legal is asked later, as ZooKeeper does. */
function hasParent(path: string): boolean {
  return path.includes('/') && !path.includes('\0');
}

function sequence(number: number): string {
  const digits = String(Math.abs(number));
  return number < 0 ? `-${digits.padStart(SEQUENCE_DIGITS - 1, '0')}` : digits.padStart(SEQUENCE_DIGITS, '0');
}
