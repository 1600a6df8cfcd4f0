import { connect, type Socket } from 'node:net';
import { invariant } from '@reeve/base';
import {
  connectReply,
  connectRequest,
  errorName,
  FrameSplitter,
  noSession,
  type OpName,
  ops,
  Reader,
  replyHeader,
  type SessionId,
  specialXids,
  Writer,
  watchEvent,
} from '@reeve/wire';

/** What a server said to one request, and the notifications that came before it. */
export interface Said {
  readonly events: readonly object[];
  readonly zxid: number;
  readonly error: string;
  readonly body: unknown;
}

/** A client that does nothing of itself: no pings, no reconnects, one request at a time. */
export class RawClient {
  session: SessionId = noSession;
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter();
  readonly #frames: Buffer[] = [];
  #arrived: (() => void) | undefined;
  #xid = 0;

  constructor(port: number) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.on('data', (chunk) => {
      this.#splitter.push(chunk, (bytes, start, end) => this.#frames.push(Buffer.from(bytes.subarray(start, end))));
      this.#arrived?.();
    });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => this.#arrived?.());
  }

  /** Opens a session. */
  async greet(): Promise<void> {
    const password = Buffer.alloc(16);
    const hello = {
      protocolVersion: 0,
      lastZxidSeen: 0,
      timeoutMs: 30_000,
      sessionId: noSession,
      password,
      readOnly: false,
    };
    this.#write((writer) => connectRequest.encode(writer, hello));
    this.session = connectReply.decode(new Reader().reset(await this.#frame())).sessionId;
  }

  /** Sends a request and waits for its answer. */
  async ask(op: OpName, request: unknown): Promise<Said> {
    this.#xid += 1;
    const xid = op === 'ping' ? specialXids.ping : op === 'auth' ? specialXids.auth : this.#xid;
    this.#write((writer) => {
      writer.int(xid);
      writer.int(ops[op].code);
      (ops[op].request as { encode(writer: Writer, value: unknown): void }).encode(writer, request);
    });
    const events: object[] = [];
    for (;;) {
      const reader = new Reader().reset(await this.#frame());
      const head = replyHeader.decode(reader);
      if (head.xid === specialXids.notification) {
        events.push(watchEvent.decode(reader));
        continue;
      }
      const error = errorName(head.err);
      const body = error === 'ok' ? (ops[op].reply as { decode(reader: Reader): unknown }).decode(reader) : undefined;
      return { events, zxid: head.zxid, error, body };
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #write(body: (writer: Writer) => void): void {
    const writer = new Writer();
    const frame = writer.beginFrame();
    body(writer);
    writer.endFrame(frame);
    this.#socket.write(writer.take());
  }

  async #frame(): Promise<Buffer> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      invariant(!this.#socket.destroyed, 'the server keeps the connection open');
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }
}
