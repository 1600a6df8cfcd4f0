import {
  type ConnectReply,
  connectReply,
  connectRequest,
  errorName,
  noSession,
  type OpName,
  ops,
  Reader,
  type RequestOf,
  replyHeader,
  type SessionId,
  type Stat,
  Writer,
  watchEvent,
} from '@reeve/wire';

/** What a client saw arrive, in order. */
export type Arrival =
  | { readonly kind: 'welcome'; readonly reply: ConnectReply }
  | { readonly kind: 'event'; readonly type: string; readonly path: string; readonly zxid: number }
  | {
      readonly kind: 'answer';
      readonly op: OpName;
      readonly xid: number;
      readonly zxid: number;
      readonly error: string;
      readonly body: unknown;
    };

/** What a client asks for in its first frame. */
export interface Hello {
  readonly timeoutMs?: number;
  readonly lastZxidSeen?: number;
  readonly session?: SessionId;
  readonly password?: Buffer;
  readonly readOnly?: boolean;
}

const reader = new Reader();

/** The client's side of the protocol, without a socket: what it would send, and what the bytes for it mean. */
export class TestClient {
  readonly connection: number;
  readonly #asked: { xid: number; op: OpName }[] = [];
  #greeted = false;
  #xid = 0;
  session: SessionId = noSession;
  password: Buffer = Buffer.alloc(16);

  constructor(connection: number) {
    this.connection = connection;
  }

  /** The first frame. */
  hello(wanted: Hello = {}): Buffer {
    const writer = new Writer();
    connectRequest.encode(writer, {
      protocolVersion: 0,
      lastZxidSeen: wanted.lastZxidSeen ?? 0,
      timeoutMs: wanted.timeoutMs ?? 10_000,
      sessionId: wanted.session ?? noSession,
      password: wanted.password ?? Buffer.alloc(16),
      readOnly: wanted.readOnly ?? false,
    });
    return writer.take();
  }

  /** The frame of a request. */
  request<N extends OpName>(op: N, request: RequestOf<N>): Buffer {
    const writer = new Writer();
    writer.int(this.#ask(op));
    writer.int(ops[op].code);
    (ops[op].request as { encode(writer: Writer, value: unknown): void }).encode(writer, request);
    return writer.take();
  }

  /** A frame with the head of a request and any bytes at all behind it. */
  malformed(op: OpName, body: Buffer): Buffer {
    const writer = new Writer();
    writer.int(this.#ask(op));
    writer.int(ops[op].code);
    writer.raw(body);
    return writer.take();
  }

  /** Reads what the server wrote. */
  read(bytes: Buffer): Arrival[] {
    const arrivals: Arrival[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + 4 + bytes.readInt32BE(at);
      arrivals.push(this.#arrival(reader.reset(bytes, at + 4, end)));
      at = end;
    }
    return arrivals;
  }

  #ask(op: OpName): number {
    this.#xid += 1;
    const special: Partial<Record<OpName, number>> = { ping: -2, auth: -4, setWatches: -8, setWatches2: -8 };
    const xid = special[op] ?? this.#xid;
    this.#asked.push({ xid, op });
    return xid;
  }

  #arrival(frame: Reader): Arrival {
    if (!this.#greeted) return this.#welcome(frame);
    const { xid, zxid, err } = replyHeader.decode(frame);
    if (xid === -1) return { kind: 'event', zxid, ...watchEvent.decode(frame) };
    const position = this.#asked.findIndex((asked) => asked.xid === xid);
    const [asked] = this.#asked.splice(position, 1);
    const op = asked?.op ?? 'ping';
    const body = err === 0 ? (ops[op].reply as { decode(reader: Reader): unknown }).decode(frame) : undefined;
    return { kind: 'answer', op, xid, zxid, error: errorName(err), body };
  }

  #welcome(frame: Reader): Arrival {
    this.#greeted = true;
    const reply = connectReply.decode(frame);
    if (reply.sessionId !== noSession) {
      this.session = reply.sessionId;
      this.password = Buffer.from(reply.password ?? []);
    }
    return { kind: 'welcome', reply };
  }
}

/** A stat in one word. */
export function brief(stat: Stat): string {
  const owner = stat.ephemeralOwner === noSession ? '' : ` owner=${stat.ephemeralOwner.slice(-4)}`;
  const zxids = `c=${stat.czxid} m=${stat.mzxid} p=${stat.pzxid}`;
  const versions = `v=${stat.version} cv=${stat.cversion} av=${stat.aversion}`;
  return `[${zxids} ${versions} data=${stat.dataLength} children=${stat.numChildren}${owner}]`;
}
