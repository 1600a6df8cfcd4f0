import { aclList, type ErrorName, errors, ops, permissions, type RequestOf, type Writer } from '@reeve/wire';
import { maskedAcl, permits, unbound, userName } from './access.ts';
import type { Asker } from './prepare.ts';
import type { Tree } from './tree.ts';
import type { WatcherId, Watches } from './watches.ts';
import { writeStat, type Znode } from './znode.ts';

/** What a read sees, and where its answer goes. */
export interface Reading {
  readonly tree: Tree;
  readonly watches: Watches;
  readonly asker: Asker & { readonly id: WatcherId };
  /** Takes the body of the answer; a refusal writes nothing. */
  readonly writer: Writer;
}

/** The operations that look at the tree and change nothing but the asker's own watches. */
export type ReadOp =
  | 'exists'
  | 'getData'
  | 'getACL'
  | 'getChildren'
  | 'getChildren2'
  | 'getAllChildrenNumber'
  | 'getEphemerals'
  | 'multiRead'
  | 'whoAmI';

/** Bytes of a multiRead's answer after which no more of its parts are read. */
const MULTI_READ_BYTES_MAX = 16 * 1024 * 1024;

type Reader<Op extends ReadOp> = (reading: Reading, request: RequestOf<Op>) => ErrorName | undefined;

const readers: { readonly [Op in ReadOp]: Reader<Op> } = {
  exists: readExists,
  getData: readData,
  getACL: readAcl,
  getChildren: readChildren,
  getChildren2: readChildrenAndStat,
  getAllChildrenNumber: readAllChildrenNumber,
  getEphemerals: readEphemerals,
  multiRead: readMulti,
  whoAmI: readWhoAmI,
};

/** Writes the answer of a read, and arms the watch it asks for; or says why it is refused. */
export function read<Op extends ReadOp>(reading: Reading, op: Op, request: RequestOf<Op>): ErrorName | undefined {
  return (readers[op] as Reader<Op>)(reading, request);
}

/** The operations that a result can be of: those of a multi that made containers or TTL znodes are told as create2. */
type ResultOp = 'create' | 'create2' | 'delete' | 'setData' | 'check' | 'getData' | 'getChildren';

/**
 * Writes the head of one result of a multi or multiRead (MultiHeader); its body follows. A failed result is its error
 * number twice.
 */
export function writeResultHead(writer: Writer, op: ResultOp): void {
  writer.int(ops[op].code);
  writer.bool(false);
  writer.int(0);
}

/** Closes the list of results. */
export function writeResultsEnd(writer: Writer): void {
  writer.int(-1);
  writer.bool(true);
  writer.int(-1);
}

/** Writes the result of a part that failed, or was not tried. */
export function writeFailedResult(writer: Writer, error: ErrorName): void {
  const { code } = errors[error];
  writer.int(-1);
  writer.bool(false);
  writer.int(code);
  writer.int(code);
}

/** The znode, when it is there and may be read. */
function readable({ tree, asker }: Reading, path: string): Znode | ErrorName {
  const znode = tree.get(path);
  if (znode === undefined) return 'no_node';
  return permits(znode.acl, permissions.read, asker.identities) ? znode : 'no_auth';
}

// Needs no permission: that a znode exists, and its stat, is told to everybody.
function readExists({ tree, watches, asker, writer }: Reading, request: RequestOf<'exists'>): ErrorName | undefined {
  if (request.path.includes('\0')) return 'bad_arguments';
  if (request.watch) watches.armOnce(asker.id, request.path, 'data');
  const znode = tree.get(request.path);
  if (znode === undefined) return 'no_node';
  writeStat(writer, znode);
  return undefined;
}

function readData(reading: Reading, request: RequestOf<'getData'>): ErrorName | undefined {
  const znode = readable(reading, request.path);
  if (typeof znode === 'string') return znode;
  if (request.watch) reading.watches.armOnce(reading.asker.id, request.path, 'data');
  znode.writeData(reading.writer);
  writeStat(reading.writer, znode);
  return undefined;
}

function readChildren(reading: Reading, request: RequestOf<'getChildren'>): ErrorName | undefined {
  const znode = listChildren(reading, request);
  return typeof znode === 'string' ? znode : undefined;
}

function readChildrenAndStat(reading: Reading, request: RequestOf<'getChildren2'>): ErrorName | undefined {
  const znode = listChildren(reading, request);
  if (typeof znode === 'string') return znode;
  writeStat(reading.writer, znode);
  return undefined;
}

function listChildren(reading: Reading, request: RequestOf<'getChildren'>): Znode | ErrorName {
  const znode = readable(reading, request.path);
  if (typeof znode === 'string') return znode;
  if (request.watch) reading.watches.armOnce(reading.asker.id, request.path, 'children');
  znode.writeChildNames(reading.writer);
  return znode;
}

function readAcl({ tree, asker, writer }: Reading, { path }: RequestOf<'getACL'>): ErrorName | undefined {
  const znode = tree.get(path);
  if (znode === undefined) return 'no_node';
  const { acl } = znode;
  if (!permits(acl, permissions.read | permissions.admin, asker.identities)) return 'no_auth';
  if (permits(acl, permissions.admin, asker.identities)) writer.raw(acl.encoded);
  else aclList.encode(writer, maskedAcl(acl.entries));
  writeStat(writer, znode);
  return undefined;
}

function readAllChildrenNumber(reading: Reading, request: RequestOf<'getAllChildrenNumber'>): ErrorName | undefined {
  const znode = readable(reading, request.path);
  if (typeof znode === 'string') return znode;
  reading.writer.int(request.path === '/' ? reading.tree.size - 1 : znode.usage.znodes - 1);
  return undefined;
}

function readEphemerals({ tree, asker, writer }: Reading, request: RequestOf<'getEphemerals'>): undefined {
  const prefix = request.prefixPath.trim();
  const all = [...tree.ephemeralsOf(asker.session)];
  // As in ZooKeeper: a prefix of the text, not of the path.
  const found = prefix === '' || prefix === '/' ? all : all.filter((path) => path.startsWith(prefix));
  ops.getEphemerals.reply.encode(writer, { ephemerals: found });
}

function readWhoAmI({ asker, writer }: Reading): undefined {
  const clientInfo = asker.identities
    .filter((identity) => identity !== unbound)
    .map((identity) => ({ authScheme: identity.scheme, user: userName(identity) }));
  ops.whoAmI.reply.encode(writer, { clientInfo });
}

/**
 * Each part for itself: one that fails does not fail the others. When the answer has grown very long, what is left is
 * answered as not tried: each of a great many parts may ask for the largest znode there is.
 */
function readMulti(reading: Reading, parts: RequestOf<'multiRead'>): undefined {
  const { writer } = reading;
  const lengthMax = writer.length + MULTI_READ_BYTES_MAX;
  for (const part of parts) {
    const start = writer.length;
    if (start > lengthMax) {
      writeFailedResult(writer, 'runtime_inconsistency');
      continue;
    }
    writeResultHead(writer, part.op);
    const refusal = read(reading, part.op, part);
    if (refusal === undefined) continue;
    writer.rewind(start);
    writeFailedResult(writer, refusal);
  }
  writeResultsEnd(writer);
}
