import {
  type Codec,
  type ErrorName,
  errorName,
  errors,
  type Fields,
  int,
  long,
  type Reader,
  type RecordCodec,
  record,
  recurring,
  type SessionId,
  sessionId,
  span,
  tagged,
  ustring,
  type ValueOf,
  vector,
  type Writer,
} from '@reeve/wire';
import { accessList } from './access-list.ts';
import { type Lifetime, lifetimes } from './store/znode-store.ts';

/** A closed set of words, each written as its position. */
function word<W extends string>(words: readonly W[]): Codec<W> {
  return {
    bytesMin: 4,
    encode: (writer, value) => writer.int(words.indexOf(value)),
    decode(reader) {
      const position = reader.int();
      const value = words[position];
      if (value === undefined) throw reader.malformed(`there is no word ${position} among ${words.join(', ')}`);
      return value;
    },
  };
}

const error: Codec<ErrorName> = {
  bytesMin: 4,
  encode: (writer, value) => writer.int(errors[value].code),
  decode: (reader) => errorName(reader.int()),
};

/** How long a znode lives, in a log or snapshot. */
export const lifetimeCodec: Codec<Lifetime> = word(lifetimes);

const create = record({
  path: ustring,
  data: span,
  acl: accessList,
  lifetime: lifetimeCodec,
  ttlMs: long,
  parentCreates: int,
});
const pathOnly = record({ path: ustring });
const setData = record({ path: recurring, data: span, version: int });
const setAcl = record({ path: ustring, acl: accessList, version: int });

type Tagged<K extends string, C> = { readonly kind: K } & ValueOf<C>;

/** One change of the tree, or (`check`) the certainty that a znode was as expected. */
export type TxnPart =
  /**
   * An ephemeral belongs to the session of the transaction. `parentCreates` is how many children the parent has seen
   * created, this one included.
   */
  | Tagged<'create', typeof create>
  | Tagged<'delete', typeof pathOnly>
  /** `version` is the one after the change. */
  | Tagged<'set_data', typeof setData>
  | Tagged<'set_acl', typeof setAcl>
  | Tagged<'check', typeof pathOnly>;

const parts: Codec<readonly TxnPart[]> = vector({
  bytesMin: 8,
  encode: (writer, part) => encodeTagged(writer, part),
  decode(reader) {
    const part = decodeTagged(reader);
    if (!isPart(part)) throw reader.malformed(`a ${part.kind} inside a multi`);
    return part;
  },
});
const multi = record({ parts });
const refused = record({ error, failedPart: int });
const createSession = record({ timeoutMs: int });
const closeSession = record({ ephemerals: vector(ustring) });

/**
 * A write in the form that is agreed upon and logged: results, not questions (docs/adr/0003). A refusal is one too, so
 * that answers keep their order.
 */
export type Txn =
  | TxnPart
  | Tagged<'multi', typeof multi>
  /** Nothing happens. `failedPart` is the position in a multi, -1 for any other request. */
  | Tagged<'refused', typeof refused>
  /** `sessionOver` for one that was open: its time is over, and what follows ends it. */
  | Tagged<'create_session', typeof createSession>
  /** The session ends, and with it the ephemerals it has by then: those that earlier transactions of its end left. */
  | Tagged<'close_session', typeof closeSession>;

const layouts = {
  create: { code: 1, body: create },
  delete: { code: 2, body: pathOnly },
  set_data: { code: 3, body: setData },
  set_acl: { code: 4, body: setAcl },
  check: { code: 5, body: pathOnly },
  multi: { code: 6, body: multi },
  refused: { code: 7, body: refused },
  create_session: { code: 8, body: createSession },
  close_session: { code: 9, body: closeSession },
} as const satisfies Record<Txn['kind'], { code: number; body: object }>;

const decoders = new Map<number, Codec<unknown>>(
  Object.entries(layouts).map(([kind, { code, body }]) => [code, tagged(body as RecordCodec<Fields>, 'kind', kind)]),
);

/** The time-out of a session that can only end: its ephemerals go in more than one transaction, and have begun to. */
export const sessionOver = -1;

/** What every transaction says of its origin. */
export interface TxnOrigin {
  /** The session that asked, or that is opened or closed. */
  readonly session: SessionId;
  /** The session's own number of the request; 0 where no client asked. */
  readonly xid: number;
  /** The leader's time, milliseconds since the epoch: every ctime and mtime. */
  readonly timeMs: number;
}

/** A transaction as it stands in the log. */
export interface LoggedTxn extends TxnOrigin {
  readonly txn: Txn;
}

/** The first word of an encoded transaction. Another number is another layout. */
const FORMAT = 1;

/** Writes a transaction in the form of the log. */
export function encodeTxn(writer: Writer, origin: TxnOrigin, txn: Txn): void {
  writer.int(FORMAT);
  sessionId.encode(writer, origin.session);
  writer.int(origin.xid);
  writer.long(origin.timeMs);
  encodeTagged(writer, txn);
}

/** @throws WireError when the bytes are not a transaction of a known format */
export function decodeTxn(reader: Reader): LoggedTxn {
  const format = reader.int();
  if (format !== FORMAT) throw reader.malformed(`a transaction of format ${format}; this version knows ${FORMAT}`);
  const session = sessionId.decode(reader);
  const xid = reader.int();
  const timeMs = reader.long();
  return { session, xid, timeMs, txn: decodeTagged(reader) };
}

function encodeTagged(writer: Writer, txn: Txn): void {
  // To look a layout up by name costs more than to ask for the two that come most often.
  const layout =
    txn.kind === 'create' ? layouts.create : txn.kind === 'set_data' ? layouts.set_data : layouts[txn.kind];
  writer.int(layout.code);
  (layout.body as Codec<unknown>).encode(writer, txn);
}

function decodeTagged(reader: Reader): Txn {
  const code = reader.int();
  const decoder = decoders.get(code);
  if (decoder === undefined) throw reader.malformed(`a transaction of kind ${code}`);
  return decoder.decode(reader) as Txn;
}

function isPart(txn: Txn): txn is TxnPart {
  return layouts[txn.kind].code <= layouts.check.code;
}
