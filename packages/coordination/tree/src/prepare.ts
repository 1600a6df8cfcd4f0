import {
  type Acl,
  createMode,
  type ErrorName,
  type Identity,
  type MultiPart,
  noSession,
  parentPath,
  pathFault,
  permissions,
  type RequestOf,
  type SessionId,
} from '@reeve/wire';
import { type AccessRules, permits, resolveAcl } from './access.ts';
import { octets } from './octets.ts';
import { Pending } from './pending.ts';
import { reservedPaths } from './tree.ts';
import type { Txn, TxnPart } from './txn.ts';
import type { Lifetime, ZnodeView } from './znode.ts';

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
}

type Refusal = Extract<Txn, { kind: 'refused' }>;
type Preparer<Op extends WriteOp> = (preparation: Preparation, request: RequestOf<Op>) => Txn;

/** ZooKeeper's largest time to live: 40 bits of milliseconds. */
const TTL_MS_MAX = 2 ** 40 - 1;
const SEQUENCE_DIGITS = 10;

const preparers: { readonly [Op in WriteOp]: Preparer<Op> } = {
  create: (preparation, request) => prepareCreate(preparation, request, modeOf(request.flags, 'plain')),
  create2: (preparation, request) => prepareCreate(preparation, request, modeOf(request.flags, 'plain')),
  createContainer: (preparation, request) => prepareCreate(preparation, request, modeOf(request.flags, 'container')),
  createTTL: prepareCreateTtl,
  delete: prepareDelete,
  deleteContainer: prepareDeleteContainer,
  setData: prepareSetData,
  setACL: prepareSetAcl,
  check: prepareCheck,
  multi: prepareMulti,
  // One member alone has nothing to reconfigure.
  reconfig: () => refuse('unimplemented'),
};

/**
 * Turns a request into the transaction that answers it, against the tree and everything outstanding, and notes in
 * `pending` what it will change. A refusal is a transaction too.
 */
export function prepare<Op extends WriteOp>(preparation: Preparation, op: Op, request: RequestOf<Op>): Txn {
  return (preparers[op] as Preparer<Op>)(preparation, request);
}

/** The transaction that ends a session, with the ephemerals it has by then. */
export function prepareClose(
  pending: Pending,
  applied: ReadonlySet<string>,
  { session, zxid }: { session: SessionId; zxid: number },
): Txn {
  const ephemerals: string[] = [];
  for (const path of applied) closeEphemeral(path);
  for (const path of pending.ephemerals) closeEphemeral(path);
  return { kind: 'close_session', ephemerals };

  function closeEphemeral(path: string): void {
    const view = pending.get(path);
    if (view === undefined || view.owner !== session) return;
    ephemerals.push(path);
    noteDelete(pending, path, view, zxid);
  }
}

/** The paths that a transaction touches, whose pending records go when it has been applied. */
export function releaseTxn(pending: Pending, txn: Txn, zxid: number): void {
  switch (txn.kind) {
    case 'multi':
      for (const part of txn.parts) releaseTxn(pending, part, zxid);
      return;
    case 'close_session':
      for (const path of txn.ephemerals) releaseWithParent(pending, path, zxid);
      return;
    case 'create':
    case 'delete':
      return releaseWithParent(pending, txn.path, zxid);
    case 'set_data':
    case 'set_acl':
      return pending.release(txn.path, zxid);
    default:
      return;
  }
}

function releaseWithParent(pending: Pending, path: string, zxid: number): void {
  pending.release(path, zxid);
  pending.release(parentPath(path), zxid);
}

function refuse(error: ErrorName): Refusal {
  return { kind: 'refused', error, failedPart: -1 };
}

interface Mode {
  readonly lifetime: Lifetime;
  readonly naming: 'given' | 'sequential';
}

/** What a create's flags ask for. As in ZooKeeper, only createContainer makes a container, whatever its flags. */
function modeOf(flags: number, op: 'plain' | 'container'): Mode | ErrorName {
  const mode = createMode(flags);
  switch (mode) {
    case 'persistent':
    case 'container':
      return { lifetime: op === 'container' ? 'container' : 'persistent', naming: 'given' };
    case 'ephemeral':
    case 'ephemeral_sequential':
      return { lifetime: 'ephemeral', naming: mode === 'ephemeral' ? 'given' : 'sequential' };
    case 'persistent_sequential':
      return { lifetime: 'persistent', naming: 'sequential' };
    case 'persistent_with_ttl':
    case 'persistent_sequential_with_ttl':
      return { lifetime: 'ttl', naming: mode === 'persistent_with_ttl' ? 'given' : 'sequential' };
    case undefined:
      return 'bad_arguments';
  }
}

interface CreateRequest {
  readonly path: string;
  readonly data: Buffer | null;
  readonly acl: readonly Acl[];
}

function prepareCreateTtl(preparation: Preparation, request: RequestOf<'createTTL'>): Txn {
  const mode = modeOf(request.flags, 'plain');
  if (typeof mode !== 'string' && mode.lifetime !== 'ttl') return refuse('bad_arguments');
  return prepareCreate(preparation, request, mode, request.ttl);
}

// The order of the checks is ZooKeeper's (PrepRequestProcessor.pRequest2TxnCreate): clients see the first that fails.
function prepareCreate(preparation: Preparation, request: CreateRequest, mode: Mode | ErrorName, ttlMs = 0): Txn {
  if (typeof mode === 'string') return refuse(mode);
  const { pending, asker, rules } = preparation;
  if (mode.lifetime === 'ttl' && rules.timeToLive === 'refused') return refuse('unimplemented');
  if (mode.lifetime === 'ttl' && (ttlMs <= 0 || ttlMs > TTL_MS_MAX)) return refuse('bad_arguments');
  if (!hasParent(request.path)) return refuse('bad_arguments');
  const acl = resolveAcl(request.acl, asker.identities, rules);
  if (typeof acl === 'string') return refuse(acl);
  const parent = pending.get(parentPath(request.path));
  if (parent === undefined) return refuse('no_node');
  if (!permits(parent.acl, permissions.create, asker.identities)) return refuse('no_auth');
  const path = mode.naming === 'sequential' ? request.path + sequence(parent.creates) : request.path;
  if (pathFault(path) !== undefined) return refuse('bad_arguments');
  if (pending.get(path) !== undefined) return refuse('node_exists');
  if (parent.lifetime === 'ephemeral') return refuse('no_children_for_ephemerals');
  const parentCreates = noteCreate(preparation, path, parent, { acl, lifetime: mode.lifetime });
  return { kind: 'create', path, data: octets(request.data), acl, lifetime: mode.lifetime, ttlMs, parentCreates };
}

function noteCreate(
  { pending, asker, zxid }: Preparation,
  path: string,
  parent: ZnodeView,
  born: Pick<ZnodeView, 'acl' | 'lifetime'>,
): number {
  const record = pending.change(parentPath(path), parent, zxid);
  record.creates = (record.creates + 1) | 0;
  record.childCount += 1;
  pending.create(path, zxid, { ...born, owner: born.lifetime === 'ephemeral' ? asker.session : noSession });
  return record.creates;
}

function noteDelete(pending: Pending, path: string, view: ZnodeView, zxid: number): void {
  pending.delete(path, view, zxid);
  const parent = pending.get(parentPath(path));
  if (parent !== undefined) pending.change(parentPath(path), parent, zxid).childCount -= 1;
}

function prepareDelete({ pending, asker, zxid }: Preparation, request: RequestOf<'delete'>): Txn {
  const { path } = request;
  if (!hasParent(path) || reservedPaths.has(path)) return refuse('bad_arguments');
  const parent = pending.get(parentPath(path));
  if (parent === undefined) return refuse('no_node');
  if (!permits(parent.acl, permissions.delete, asker.identities)) return refuse('no_auth');
  const znode = pending.get(path);
  if (znode === undefined) return refuse('no_node');
  if (!isVersion(request.version, znode.version)) return refuse('bad_version');
  if (znode.childCount > 0) return refuse('not_empty');
  noteDelete(pending, path, znode, zxid);
  return { kind: 'delete', path };
}

/** Deletes what its own rules let go: a container or a TTL znode without children, and nothing else. */
function prepareDeleteContainer(preparation: Preparation, request: RequestOf<'deleteContainer'>): Txn {
  const znode = preparation.pending.get(request.path);
  if (znode !== undefined && znode.lifetime !== 'container' && znode.lifetime !== 'ttl') return refuse('bad_version');
  return prepareDelete(preparation, { path: request.path, version: -1 });
}

function prepareSetData({ pending, asker, zxid }: Preparation, request: RequestOf<'setData'>): Txn {
  const { path } = request;
  if (pathFault(path) !== undefined) return refuse('bad_arguments');
  const znode = pending.get(path);
  if (znode === undefined) return refuse('no_node');
  if (!permits(znode.acl, permissions.write, asker.identities)) return refuse('no_auth');
  if (!isVersion(request.version, znode.version)) return refuse('bad_version');
  const record = pending.change(path, znode, zxid);
  record.version = (record.version + 1) | 0;
  return { kind: 'set_data', path, data: octets(request.data), version: record.version };
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
  const record = pending.change(path, znode, zxid);
  record.aversion = (record.aversion + 1) | 0;
  record.acl = acl;
  return { kind: 'set_acl', path, acl, version: record.aversion };
}

function prepareCheck({ pending, asker }: Preparation, request: RequestOf<'check'>): Txn {
  const { path } = request;
  if (pathFault(path) !== undefined) return refuse('bad_arguments');
  const znode = pending.get(path);
  if (znode === undefined) return refuse('no_node');
  if (!permits(znode.acl, permissions.read, asker.identities)) return refuse('no_auth');
  return isVersion(request.version, znode.version) ? { kind: 'check', path } : refuse('bad_version');
}

/** Each part sees those before it; a failed one takes all of them, and what they noted, along. */
function prepareMulti(preparation: Preparation, requests: RequestOf<'multi'>): Txn {
  const layer = new Pending(preparation.pending);
  const layered = { ...preparation, pending: layer };
  const parts: TxnPart[] = [];
  for (const request of requests) {
    const txn = prepare(layered, request.op, request);
    if (txn.kind === 'refused') return { ...txn, failedPart: parts.length };
    parts.push(txn as TxnPart);
  }
  preparation.pending.absorb(layer);
  return { kind: 'multi', parts };
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
