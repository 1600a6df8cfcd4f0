import { type Codec, type Empty, empty, type ValueOf } from './jute.ts';
import * as m from './messages.ts';
import { multiReadRequest, multiReply, multiRequest } from './multi.ts';

/**
 * What an operation touches: `read` the tree at the asked member; `write` goes through agreement; `session` concerns
 * only the connection and its watches.
 */
export type OpKind = 'read' | 'write' | 'session';

/** One operation of the protocol (ZooDefs.OpCode). */
export interface OpRow<Req, Rep> {
  readonly code: number;
  readonly kind: OpKind;
  readonly request: Codec<Req>;
  readonly reply: Codec<Rep>;
}

function op<Req, Rep>(code: number, kind: OpKind, request: Codec<Req>, reply: Codec<Rep>): OpRow<Req, Rep> {
  return { code, kind, request, reply };
}

/** Every operation of the protocol, one row each: the only thing that client and server share. */
export const ops = {
  create: op(1, 'write', m.createRequest, m.pathReply),
  delete: op(2, 'write', m.pathAndVersion, empty),
  exists: op(3, 'read', m.pathAndWatch, m.statReply),
  getData: op(4, 'read', m.pathAndWatch, m.dataReply),
  setData: op(5, 'write', m.setDataRequest, m.statReply),
  getACL: op(6, 'read', m.pathOnly, m.aclReply),
  setACL: op(7, 'write', m.setAclRequest, m.statReply),
  getChildren: op(8, 'read', m.pathAndWatch, m.childrenReply),
  sync: op(9, 'write', m.pathOnly, m.pathReply),
  ping: op(11, 'session', empty, empty),
  getChildren2: op(12, 'read', m.pathAndWatch, m.childrenAndStatReply),
  check: op(13, 'write', m.pathAndVersion, m.statReply),
  multi: op(14, 'write', multiRequest, multiReply),
  create2: op(15, 'write', m.createRequest, m.pathAndStatReply),
  reconfig: op(16, 'write', m.reconfigRequest, m.dataReply),
  checkWatches: op(17, 'session', m.pathAndType, empty),
  removeWatches: op(18, 'session', m.pathAndType, empty),
  createContainer: op(19, 'write', m.createRequest, m.pathAndStatReply),
  deleteContainer: op(20, 'write', m.pathOnly, empty),
  createTTL: op(21, 'write', m.createTtlRequest, m.pathAndStatReply),
  multiRead: op(22, 'read', multiReadRequest, multiReply),
  auth: op(100, 'session', m.authRequest, empty),
  setWatches: op(101, 'session', m.setWatchesRequest, empty),
  sasl: op(102, 'session', m.saslToken, m.saslToken),
  getEphemerals: op(103, 'read', m.getEphemeralsRequest, m.ephemeralsReply),
  getAllChildrenNumber: op(104, 'read', m.pathOnly, m.totalReply),
  setWatches2: op(105, 'session', m.setWatches2Request, empty),
  addWatch: op(106, 'session', m.addWatchRequest, m.errorReply),
  whoAmI: op(107, 'read', empty, m.whoAmIReply),
  createSession: op(-10, 'write', empty, empty),
  closeSession: op(-11, 'write', empty, empty),
} as const;

/** The name of an operation. */
export type OpName = keyof typeof ops;
/** What operation `N` sends. */
export type RequestOf<N extends OpName> = ValueOf<(typeof ops)[N]['request']>;
/** What operation `N` answers. */
export type ReplyOf<N extends OpName> = ValueOf<(typeof ops)[N]['reply']>;

const byCode = new Map<number, OpName>(Object.entries(ops).map(([name, row]) => [row.code, name as OpName] as const));

/** The operation of this number; `undefined` when the protocol has none. */
export function opName(code: number): OpName | undefined {
  return byCode.get(code);
}

/** The body of an operation that sends or answers nothing. */
export type { Empty };
