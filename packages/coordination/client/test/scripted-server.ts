import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { atTestEnd } from '@reeve/testkit';
import {
  type ConnectReply,
  type ConnectRequest,
  connectReply,
  connectRequest,
  errors,
  FrameSplitter,
  type OpName,
  opName,
  ops,
  Reader,
  type SessionId,
  sessionIdOf,
  specialXids,
  type WatchEventType,
  Writer,
  watchEvent,
} from '@reeve/wire';

/** What a script sees of one connection. */
export interface Conversation {
  readonly socket: Socket;
  /** Which connection this is, counted from 1. */
  readonly nth: number;
  readonly hello: ConnectRequest;
  /** Answers a request; the body is written by the codec of its operation. */
  reply(request: Received, body: unknown): void;
  refuse(request: Received, error: keyof typeof errors, body?: unknown): void;
  tell(type: WatchEventType, path: string, zxid?: number): void;
}

/** A request as it arrived. */
export interface Received {
  readonly xid: number;
  readonly op: OpName;
  readonly body: never;
}

/** What the server does where it differs from one that grants a session and answers nothing but pings and closes. */
export interface Script {
  connect?(hello: ConnectRequest, nth: number): Partial<ConnectReply>;
  request?(received: Received, conversation: Conversation): void;
  /** Bytes sent as they are instead of the handshake. */
  greeting?: Buffer;
  /** Sends everything byte by byte. */
  manner?: 'at once' | 'byte by byte';
}

export const aSession: SessionId = sessionIdOf(0x01000000, 0x2a);

/** A server that says what a script makes it say: only for what no real server can be made to say. */
export class ScriptedServer {
  readonly received: Received[] = [];
  readonly hellos: ConnectRequest[] = [];
  readonly #script: Script;
  readonly #server = createServer((socket) => this.#converse(socket));
  readonly #sockets = new Set<Socket>();

  constructor(script: Script) {
    this.#script = script;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    atTestEnd(() => {
      this.#server.close();
      this.cut();
    });
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #converse(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    if (this.#script.greeting !== undefined) {
      socket.write(this.#script.greeting);
      return;
    }
    const splitter = new FrameSplitter();
    const reader = new Reader();
    let conversation: Conversation | undefined;
    socket.on('data', (chunk) =>
      splitter.push(chunk, (bytes, start, end) => {
        reader.reset(bytes, start, end);
        if (conversation === undefined) conversation = this.#welcome(socket, connectRequest.decode(reader));
        else this.#receive(conversation, reader);
      }),
    );
  }

  #welcome(socket: Socket, hello: ConnectRequest): Conversation {
    this.hellos.push(hello);
    const nth = this.hellos.length;
    const granted = { protocolVersion: 0, timeoutMs: hello.timeoutMs, sessionId: aSession, password: Buffer.alloc(16) };
    const reply = { ...granted, readOnly: false, ...this.#script.connect?.(hello, nth) };
    this.#frame(socket, (writer) => connectReply.encode(writer, reply));
    return this.#conversation(socket, nth, hello);
  }

  #conversation(socket: Socket, nth: number, hello: ConnectRequest): Conversation {
    const header = (writer: Writer, head: { xid: number; zxid: number; err: number }) => {
      writer.int(head.xid);
      writer.long(head.zxid);
      writer.int(head.err);
    };
    return {
      socket,
      nth,
      hello,
      reply: ({ xid, op }, body) =>
        this.#frame(socket, (writer) => {
          header(writer, { xid, zxid: 1, err: 0 });
          ops[op].reply.encode(writer, body as never);
        }),
      refuse: ({ xid, op }, error, body) =>
        this.#frame(socket, (writer) => {
          header(writer, { xid, zxid: 1, err: errors[error].code });
          if (body !== undefined) ops[op].reply.encode(writer, body as never);
        }),
      tell: (type, path, zxid = -1) =>
        this.#frame(socket, (writer) => {
          header(writer, { xid: specialXids.notification, zxid, err: 0 });
          watchEvent.encode(writer, { type, state: 3, path });
        }),
    };
  }

  #receive(conversation: Conversation, reader: Reader): void {
    const xid = reader.int();
    const op = opName(reader.int()) as OpName;
    const received = { xid, op, body: ops[op].request.decode(reader) as never };
    this.received.push(received);
    if (op === 'ping' || op === 'closeSession') conversation.reply(received, {});
    else this.#script.request?.(received, conversation);
  }

  #frame(socket: Socket, write: (writer: Writer) => void): void {
    const writer = new Writer();
    const start = writer.beginFrame();
    write(writer);
    writer.endFrame(start);
    const bytes = writer.take();
    if (this.#script.manner !== 'byte by byte') socket.write(bytes);
    else for (const byte of bytes) socket.write(Buffer.of(byte));
  }
}

export async function startScriptedServer(script: Script): Promise<ScriptedServer> {
  const server = new ScriptedServer(script);
  await server.start();
  return server;
}
