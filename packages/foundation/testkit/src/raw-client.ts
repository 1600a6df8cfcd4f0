import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import {
  type Acl,
  type ConnectReply,
  connectReply,
  connectRequest,
  errorName,
  FrameSplitter,
  noSession,
  type OpName,
  ops,
  Reader,
  type RequestOf,
  replyHeader,
  requestHeader,
  type SessionId,
  specialXids,
  type WatchEvent,
  Writer,
  watchEvent,
} from '@reeve/wire';

/** What came back: the error by name, or `lost` when the connection ended first. */
export interface Answer {
  readonly error: string;
  readonly zxid: number;
  readonly body: Buffer;
  /** The notifications between the answer before and this one. */
  readonly events: readonly WatchEvent[];
}

/** An answer with its body as the operation defines it; `undefined` in place of a refusal's. */
export type Said = Omit<Answer, 'body'> & { readonly body: unknown };

interface Waiting {
  readonly xid: number;
  settle(answer: Answer): void;
}

/** A session to come back to. */
export interface Ticket {
  readonly sessionId: SessionId;
  readonly password: Buffer;
}

const openAcl: readonly Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
const lost: Answer = { error: 'lost', zxid: 0, body: Buffer.alloc(0), events: [] };
const FRAME_BYTES_MAX = 64 * 1024 * 1024;

/** The protocol and nothing else, no pings and no reconnects: frames out, frames in, as many in flight as one likes. */
export class RawClient {
  readonly socket: Socket;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<void>;
  notifications = 0;
  #welcome: ConnectReply | undefined;
  #welcomed: (() => void) | undefined;
  #xid = 0;
  #events: WatchEvent[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #reader = new Reader();

  private constructor(socket: Socket) {
    this.socket = socket;
    const splitter = new FrameSplitter(FRAME_BYTES_MAX);
    const sink = (bytes: Buffer, start: number, end: number) => this.#take(bytes, start, end);
    this.socket.on('data', (chunk: Buffer) => splitter.push(chunk, sink));
    this.socket.on('error', () => {});
    this.ended = new Promise((resolve) => {
      this.socket.on('close', () => {
        for (const { settle } of this.#waiting.splice(0)) settle(lost);
        this.#welcomed?.();
        resolve();
      });
    });
  }

  /** Connects without saying anything. */
  static async silent(port: number): Promise<RawClient> {
    const client = new RawClient(connect({ host: '127.0.0.1', port, noDelay: true }));
    await Promise.race([once(client.socket, 'connect'), client.ended]);
    return client;
  }

  /** Connects with TLS and opens a session; there is no `welcome` when it was not let in. */
  static async secure(port: number, options: ConnectionOptions): Promise<RawClient> {
    const client = new RawClient(connectTls({ host: '127.0.0.1', port, servername: 'localhost', ...options }));
    await Promise.race([once(client.socket, 'secureConnect').catch(() => {}), client.ended]);
    if (!client.socket.destroyed) await client.greet();
    return client;
  }

  /** Connects and opens a session, or comes back to one. */
  static async open(port: number, ticket?: Ticket): Promise<RawClient> {
    const client = await RawClient.silent(port);
    await client.greet(ticket);
    return client;
  }

  /** Opens a session on a silent connection, or comes back to one; resolves also when the connection ends first. */
  greet(ticket?: Ticket): Promise<void> {
    if (this.socket.destroyed) return this.ended;
    const writer = new Writer();
    const frame = writer.beginFrame();
    const { sessionId, password } = ticket ?? { sessionId: noSession, password: Buffer.alloc(16) };
    const head = { protocolVersion: 0, lastZxidSeen: 0, timeoutMs: 10_000 };
    connectRequest.encode(writer, { ...head, sessionId, password, readOnly: false });
    writer.endFrame(frame);
    this.socket.write(writer.take());
    return new Promise((resolve) => {
      this.#welcomed = resolve;
    });
  }

  /** What the handshake granted; a time-out of 0 when the session is not known. */
  get welcome(): ConnectReply | undefined {
    return this.#welcome;
  }

  get ticket(): Ticket {
    const { sessionId, password } = this.#welcome ?? { sessionId: noSession, password: null };
    return { sessionId, password: Buffer.from(password ?? Buffer.alloc(16)) };
  }

  /** Sends a request; resolves with whatever comes back. */
  request<N extends OpName>(op: N, request: RequestOf<N>): Promise<Answer> {
    const writer = new Writer();
    const frame = writer.beginFrame();
    const xid = this.#nextXid(op);
    requestHeader.encode(writer, { xid, type: ops[op].code });
    (ops[op].request as { encode(writer: Writer, value: RequestOf<N>): void }).encode(writer, request);
    writer.endFrame(frame);
    this.socket.write(writer.take());
    if (this.socket.destroyed) return Promise.resolve(lost);
    return new Promise((settle) => void this.#waiting.push({ xid, settle }));
  }

  /** As `request`, with the body decoded. */
  async ask(op: OpName, request: unknown): Promise<Said> {
    const answer = await this.request(op, request as RequestOf<OpName>);
    if (answer.error !== 'ok') return { ...answer, body: undefined };
    const reply = ops[op].reply as { decode(reader: Reader): unknown };
    return { ...answer, body: reply.decode(new Reader().reset(answer.body)) };
  }

  create(path: string, data = '', flags = 0): Promise<Answer> {
    return this.request('create', { path, data: Buffer.from(data), acl: openAcl, flags });
  }

  async exists(path: string): Promise<boolean> {
    return (await this.request('exists', { path, watch: false })).error === 'ok';
  }

  async data(path: string): Promise<string> {
    const { error, body } = await this.request('getData', { path, watch: false });
    return error === 'ok' ? (ops.getData.reply.decode(new Reader().reset(body)).data?.toString() ?? '') : error;
  }

  destroy(): Promise<void> {
    this.socket.destroy();
    return this.ended;
  }

  #nextXid(op: OpName): number {
    if (op === 'ping') return specialXids.ping;
    if (op === 'auth') return specialXids.auth;
    this.#xid += 1;
    return this.#xid;
  }

  #take(bytes: Buffer, start: number, end: number): void {
    const reader = this.#reader.reset(bytes, start, end);
    if (this.#welcome === undefined) {
      const welcome = connectReply.decode(reader);
      this.#welcome = { ...welcome, password: Buffer.from(welcome.password ?? Buffer.alloc(0)) };
      return this.#welcomed?.();
    }
    const { xid, zxid, err } = replyHeader.decode(reader);
    if (xid === specialXids.notification) {
      this.notifications += 1;
      this.#events.push(watchEvent.decode(reader));
      return;
    }
    const events = this.#events;
    this.#events = [];
    const body = Buffer.from(bytes.subarray(reader.offset, end));
    this.#awaitedBy(xid)?.settle({ error: errorName(err), zxid, body, events });
  }

  /** Answers come in the order of the requests, but for those to pings and credentials. */
  #awaitedBy(xid: number): Waiting | undefined {
    const nth = this.#waiting.findIndex((waiting) => waiting.xid === xid);
    return this.#waiting.splice(nth, nth === -1 ? 0 : 1)[0];
  }
}
