import { unbound } from '@reeve/tree';
import {
  buffer,
  type Codec,
  type Fields,
  type Identity,
  int,
  long,
  type Reader,
  type RecordCodec,
  record,
  sessionId,
  tagged,
  ustring,
  type ValueOf,
  vector,
  type Writer,
} from '@reeve/wire';

/*
 * What members tell each other beside the order of entries: a learner what its clients ask for, the leader what became
 * of it where no entry says so. `request` is the learner's number for what it asked; no two are the same while its
 * process lives.
 */

const proved = record({ scheme: ustring, id: ustring });

/** One that no access list binds is known by its being the one it is. */
const identity: Codec<Identity> = {
  ...proved,
  decode(reader) {
    const decoded = proved.decode(reader);
    return decoded.scheme === unbound.scheme ? unbound : decoded;
  },
};

/** A write, but for its body, which follows as the client sent it. */
const write = record({ request: long, session: sessionId, xid: int, op: int });
/** Who a session has proved to be: told before the first write that depends on it. */
const identify = record({ session: sessionId, identities: vector(identity) });
const open = record({ request: long, session: sessionId, timeoutMs: int });
const reopen = record({ request: long, session: sessionId, password: buffer, timeoutMs: int });
const close = record({ request: long, session: sessionId, xid: int });
const sync = record({ request: long });
/** The sessions that were heard of here since the last such message. */
const heard = record({ sessions: vector(sessionId) });
/** There is no room for a request: its client is to be disconnected. */
const declined = record({ request: long });
/** `timeoutMs` is 0 for a session that is not known, has ended, or is not the client's own. */
const reopened = record({ request: long, timeoutMs: int });
/** A sync may be answered once everything up to `zxid` is applied. */
const synced = record({ request: long, zxid: long });
/** A session is served elsewhere now. */
const moved = record({ session: sessionId });

const records = { write, identify, open, reopen, close, sync, heard, declined, reopened, synced, moved } as const;
type Kind = keyof typeof records;
const kinds = Object.keys(records) as readonly Kind[];
/** By their codes; each reads what it is along with its fields. */
const codecs = kinds.map((kind) => tagged(records[kind] as RecordCodec<Fields>, 'kind', kind)) as Codec<unknown>[];

/** One message between a learner and its leader. */
export type MemberMessage = { readonly [K in Kind]: { readonly kind: K } & ValueOf<(typeof records)[K]> }[Kind];

/** Writes a message; the body of a write is to follow. */
export function writeMemberMessage(writer: Writer, message: MemberMessage): void {
  const code = kinds.indexOf(message.kind);
  writer.int(code);
  codecs[code]?.encode(writer, message);
}

/**
 * Reads a message; the body of a write is what the reader has left.
 *
 * @throws WireError when it is none
 */
export function readMemberMessage(reader: Reader): MemberMessage {
  const code = reader.int();
  const codec = codecs[code];
  if (codec === undefined) throw reader.malformed(`there is no message ${code} between members`);
  return codec.decode(reader) as MemberMessage;
}
