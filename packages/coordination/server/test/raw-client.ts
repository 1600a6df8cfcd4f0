import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
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
  Writer,
} from '@reeve/wire';

/** What came back: the error by name, or `lost` when the connection ended first. */
export interface Answer {
  readonly error: string;
  readonly zxid: number;
  readonly body: Buffer;
}

/** A session to come back to. */
export interface Ticket {
  readonly sessionId: SessionId;
  readonly password: Buffer;
}

const openAcl: readonly Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
const lost: Answer = { error: 'lost', zxid: 0, body: Buffer.alloc(0) };

/** The protocol and nothing else: frames out, frames in, in order, with as many in flight as one likes. */
export class RawClient {
  readonly socket: Socket;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<void>;
  notifications = 0;
  #welcome: ConnectReply | undefined;
  #welcomed: (() => void) | undefined;
  #xid = 0;
  readonly #waiting: ((answer: Answer) => void)[] = [];
  readonly #reader = new Reader();

  private constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const splitter = new FrameSplitter(64 * 1024 * 1024);
    const sink = (bytes: Buffer, start: number, end: number) => this.#take(bytes, start, end);
    this.socket.on('data', (chunk: Buffer) => splitter.push(chunk, sink));
    this.socket.on('error', () => {});
    this.ended = new Promise((resolve) => {
      this.socket.on('close', () => {
        for (const settle of this.#waiting.splice(0)) settle(lost);
        this.#welcomed?.();
        resolve();
      });
    });
  }

  /** Connects without saying anything. */
  static async silent(port: number): Promise<RawClient> {
    const client = new RawClient(port);
    await Promise.race([once(client.socket, 'connect'), client.ended]);
    return client;
  }

  static async open(port: number, ticket?: Ticket): Promise<RawClient> {
    const client = await RawClient.silent(port);
    await client.#greet(ticket);
    return client;
  }

  /** What the handshake granted; a time-out of 0 when the session is not known. */
  get welcome(): ConnectReply | undefined {
    return this.#welcome;
  }

  get ticket(): Ticket {
    const { sessionId, password } = this.#welcome ?? { sessionId: noSession, password: null };
    return { sessionId, password: Buffer.from(password ?? Buffer.alloc(16)) };
  }

  request<N extends OpName>(op: N, request: RequestOf<N>): Promise<Answer> {
    const writer = new Writer();
    const frame = writer.beginFrame();
    this.#xid += 1;
    requestHeader.encode(writer, { xid: this.#xid, type: ops[op].code });
    (ops[op].request as { encode(writer: Writer, value: RequestOf<N>): void }).encode(writer, request);
    writer.endFrame(frame);
    this.socket.write(writer.take());
    if (this.socket.destroyed) return Promise.resolve(lost);
    return new Promise((resolve) => void this.#waiting.push(resolve));
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

  #greet(ticket: Ticket | undefined): Promise<void> {
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
      return;
    }
    const body = Buffer.from(bytes.subarray(reader.offset, end));
    this.#waiting.shift()?.({ error: errorName(err), zxid, body });
  }
}

/** What the server answers to four letters, up to the end of the connection. */
export async function word(port: number, letters: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.setEncoding('latin1').on('error', () => {});
  socket.write(letters);
  let text = '';
  socket.on('data', (part: string) => {
    text += part;
  });
  await once(socket, 'close');
  return text;
}
