import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { messageOf } from '@reeve/base';
import {
  type Codec,
  type ConnectReply,
  type ConnectRequest,
  connectReply,
  connectRequest,
  FrameSplitter,
  Reader,
  WireError,
  Writer,
} from '@reeve/wire';
import type { TlsSettings } from './client-options.ts';
import type { Host } from './hosts.ts';

/** Bytes gathered before they are handed to the socket without waiting for the end of the turn. */
const FLUSH_BYTES = 64 * 1024;
/** Bytes the socket may hold back before requests wait in line instead. */
const HELD_BYTES_MAX = 1024 * 1024;

/** What a connection tells its owner. */
export interface ConnectionOwner {
  /** The server has answered the connect request. */
  accepted(reply: ConnectReply): void;
  /** Bytes have arrived, which may hold several frames. */
  chunk(): void;
  /** One frame after the connect reply; the reader is valid during the call only. */
  frame(reader: Reader): void;
  /** The socket takes requests again. */
  drained(): void;
  /** The connection is over; called once, and never after `finish`. */
  lost(reason: string, by: LostBy): void;
}

/**
 * Whether the server has closed a connection in an orderly way, or anything else has ended it; and whether that was in
 * the midst of a frame from the server, whoever ended it.
 */
export type LostBy = 'server' | 'failure' | 'interruption';

/** What the server sent is not an answer to anything: the connection is of no use any more. */
export class ProtocolViolation extends WireError {
  constructor(what: string) {
    super({ code: 'frame_malformed', offset: 0, what });
  }
}

/** One connection: the handshake, frames in, and everything written in one turn out in one write. */
export class Connection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #splitter: FrameSplitter;
  readonly #reader = new Reader();
  readonly #writer = new Writer(4_096);
  readonly #requestBytesMax: number;
  readonly #impatient: NodeJS.Timeout;
  #accepted = false;
  #over = false;
  #flushing = false;

  constructor(
    host: Host,
    settings: {
      readonly hello: ConnectRequest;
      readonly connectTimeoutMs: number;
      readonly requestBytesMax: number;
      readonly replyBytesMax: number;
      readonly tls: TlsSettings | undefined;
    },
    owner: ConnectionOwner,
  ) {
    this.#owner = owner;
    this.#requestBytesMax = settings.requestBytesMax;
    this.#splitter = new FrameSplitter(settings.replyBytesMax);
    const { tls } = settings;
    const socket = tls === undefined ? connect({ ...host, noDelay: true, keepAlive: true }) : secured(host, tls);
    this.#socket = socket;
    this.#impatient = setTimeout(
      () => this.#end('no answer to the connect request in time'),
      settings.connectTimeoutMs,
    );
    socket.on(tls === undefined ? 'connect' : 'secureConnect', () => this.#sendHello(settings.hello));
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('drain', () => this.#owner.drained());
    socket.on('error', (error) => this.#end(tls === undefined ? messageOf(error) : tlsReason(error)));
    socket.on('end', () => this.#end('the server closed the connection', 'server'));
    socket.on('close', () => this.#end('the connection is closed'));
  }

  /** Whether requests may be written now; `drained` says when that changes back. */
  get writable(): boolean {
    return this.#accepted && !this.#over && this.#socket.writableLength < HELD_BYTES_MAX;
  }

  /**
   * Writes a frame, which leaves at the end of the turn at the latest.
   *
   * @returns the frame's size when it is above the limit and was not written; 0 otherwise
   */
  send<T>(header: { readonly xid: number; readonly code: number }, codec: Codec<T>, body: T): number {
    const writer = this.#writer;
    const start = writer.beginFrame();
    writer.int(header.xid);
    writer.int(header.code);
    codec.encode(writer, body);
    writer.endFrame(start);
    const bytes = writer.length - start - 4;
    if (bytes > this.#requestBytesMax) {
      writer.rewind(start);
      return bytes;
    }
    if (writer.length >= FLUSH_BYTES) this.#flush();
    else if (!this.#flushing) {
      this.#flushing = true;
      setImmediate(() => this.#flush());
    }
    return 0;
  }

  /** Ends the connection behind what was written; its owner hears nothing of it any more. */
  finish(): void {
    this.#flush();
    this.#over = true;
    clearTimeout(this.#impatient);
    if (this.#accepted) this.#socket.destroySoon();
    else this.#socket.destroy();
    // A server that reads nothing more must not keep this process alive.
    this.#socket.unref();
  }

  /** Ends the connection as if it had failed. */
  cut(reason: string): void {
    this.#end(reason);
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#over || this.#writer.length === 0) return;
    this.#socket.write(this.#writer.take());
  }

  #sendHello(hello: ConnectRequest): void {
    const writer = new Writer(64);
    const start = writer.beginFrame();
    connectRequest.encode(writer, hello);
    writer.endFrame(start);
    this.#socket.write(writer.take());
  }

  #receive(chunk: Buffer): void {
    if (this.#over) return;
    this.#owner.chunk();
    try {
      this.#splitter.push(chunk, this.#takeFrame);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#end(error.message);
    }
  }

  readonly #takeFrame = (bytes: Buffer, start: number, end: number): void => {
    if (this.#over) return;
    const reader = this.#reader.reset(bytes, start, end);
    if (this.#accepted) return this.#owner.frame(reader);
    const reply = connectReply.decode(reader);
    this.#accepted = true;
    clearTimeout(this.#impatient);
    this.#owner.accepted({ ...reply, password: reply.password === null ? null : Buffer.from(reply.password) });
  };

  #end(reason: string, by: LostBy = 'failure'): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#impatient);
    this.#socket.destroy();
    this.#owner.lost(reason, this.#splitter.pending > 0 ? 'interruption' : by);
  }
}

/** What went wrong, without the many words of OpenSSL. */
function tlsReason(error: Error & { readonly reason?: string; readonly syscall?: string }): string {
  return error.syscall === undefined ? `TLS failed: ${error.reason ?? messageOf(error)}` : messageOf(error);
}

/** Connects with TLS; whoever answers must have a certificate for the name that it was called by. */
function secured({ host, port }: Host, { secureContext, servername }: TlsSettings): Socket {
  const name = servername ?? (isIP(host) === 0 ? host : undefined);
  const socket = connectTls({ host, port, secureContext, ...(name === undefined ? {} : { servername: name }) });
  return socket.setNoDelay(true).setKeepAlive(true);
}
