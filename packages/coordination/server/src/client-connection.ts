import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { codeOf, type Logger, messageOf } from '@reeve/base';
import type { ConnectionId } from '@reeve/replica';
import { FrameSplitter, WireError } from '@reeve/wire';
import { Conversation } from './conversation.ts';
import { type AskedWord, fourLetterWord } from './four-letter-words.ts';
import type { Accepted } from './listener.ts';
import type { SparingLog } from './sparing-log.ts';
import type { Totals } from './traffic.ts';

/** Bytes a client may leave unread that nobody counts. */
const unreadBytesFree = 64 * 1024;
/** Bytes a client may leave unread before no more of its requests are taken. */
const unreadBytesSoft = 256 * 1024;
/** Bytes a client may leave unread before it is given up: its watches go on firing while its requests wait. */
const unreadBytesMax = 16 * 1024 * 1024;
/** Half a frame that nobody counts, bytes: most chunks end in one. */
const halfFrameBytesFree = 64 * 1024;

/** A frame that waits, `bytes[start, end)`, and since when, milliseconds since the epoch. */
export interface HeldFrame {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly sinceMs: number;
}

/** Who works for a connection. */
export interface ConnectionHost {
  readonly logger: Logger;
  /** Where to say what clients did wrong. */
  readonly complaints: SparingLog;
  readonly frameBytesMax: number;
  /** What all connections add up to. */
  readonly totals: Totals;
  /** Takes one frame, `bytes[start, end)`. */
  frame(connection: ConnectionId, bytes: Buffer, start: number, end: number): void;
  /** Whether the connection's next frame must wait for a later turn. */
  mustWait(connection: ConnectionId): boolean;
  /** Takes a frame that has waited, since when its connection had to. */
  heldFrame(connection: ConnectionId, frame: HeldFrame): void;
  /** Answers what the connection has asked, if more of that waits only for what was sent to be read. */
  goOn(connection: ConnectionId): void;
  answer(word: AskedWord): Promise<string>;
  /** Half a frame takes this much memory, bytes; none when it is 0. */
  heldHalf(connection: ClientConnection, bytes: number): void;
  /** So much has not been read by the client yet, bytes; nothing to speak of when it is 0. */
  leftUnread(connection: ClientConnection, bytes: number): void;
  /** Whether a handshake that begins with these bytes may go on; `unknown` while they are too few. */
  handshake(bytes: Buffer): 'goes_on' | 'throttled' | 'unknown';
  /** Its first bytes were those of the protocol, and no four-letter word. */
  opened(connection: ClientConnection): void;
  closed(connection: ClientConnection): void;
}

/** The socket of a client: cuts frames, writes replies, and reads no faster than they are taken and read. */
export class ClientConnection {
  readonly id: ConnectionId;
  readonly address: string;
  readonly port: number;
  /** Subject of the certificate that its client proved to own. */
  readonly x509: string | undefined;
  readonly transport: 'plain' | 'tls';
  readonly sinceMs = Date.now();
  readonly conversation: Conversation;
  /** Whether its first bytes were those of the protocol. */
  greeted = false;
  /** Resolves when the socket is closed. */
  readonly gone: Promise<void>;
  #closing = false;
  #holdsHalf = false;
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #splitter: FrameSplitter;
  readonly #sink = (bytes: Buffer, start: number, end: number) => this.#take(bytes, start, end);
  /** Frames that had been read when the connection had to wait. */
  #held: HeldFrame[] = [];
  #first: Buffer = Buffer.alloc(0);

  constructor(id: ConnectionId, { socket, x509 }: Accepted, host: ConnectionHost) {
    this.id = id;
    this.x509 = x509;
    this.transport = socket instanceof TLSSocket ? 'tls' : 'plain';
    this.address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    this.port = socket.remotePort ?? 0;
    this.#socket = socket;
    this.#host = host;
    this.conversation = new Conversation(host.totals);
    this.#splitter = new FrameSplitter(host.frameBytesMax);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('error', (error) => this.#log(error));
    this.gone = new Promise((resolve) => {
      socket.on('close', () => {
        host.closed(this);
        resolve();
      });
    });
  }

  /** Writes the replies of one turn. Says whether that is done: whether nobody looks at the bytes any more. */
  send(bytes: Buffer): 'done' | 'under_way' {
    if (this.#closing) return 'done';
    const socket = this.#socket;
    this.conversation.told(bytes);
    this.#host.totals.bytesSent += bytes.length;
    if (socket.writableLength > unreadBytesMax) {
      this.giveUp('it reads too slowly');
      return 'done';
    }
    socket.write(bytes);
    const left = socket.writableLength;
    if (left === 0) return 'done';
    if (left > unreadBytesSoft) socket.pause();
    if (left > unreadBytesFree) this.#host.leftUnread(this, left);
    return 'under_way';
  }

  /** Takes the frames that waited, and goes on reading when nothing hinders it. */
  resume(): void {
    if (this.#closing || this.#socket.writableLength > unreadBytesSoft) return;
    this.#host.goOn(this.id);
    while (this.#held.length > 0 && !this.#host.mustWait(this.id)) {
      const frame = this.#held.shift();
      if (frame !== undefined) this.#host.heldFrame(this.id, frame);
    }
    if (this.#held.length === 0) this.#socket.resume();
  }

  /** Reads nothing until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  /** Closes after the last bytes written. */
  end(): void {
    this.#closing = true;
    this.#held = [];
    this.#socket.destroySoon();
  }

  /** Closes at once. */
  destroy(): void {
    this.#closing = true;
    this.#held = [];
    this.#socket.destroy();
  }

  /** Closes at once, because what it makes the server hold is too much. */
  giveUp(why: string): void {
    if (this.#closing) return;
    this.#host.complaints.warn({ client: this.#name }, `client closed: ${why}`);
    this.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#closing) return;
    this.#host.totals.bytesReceived += chunk.length;
    try {
      if (this.greeted) this.#splitter.push(chunk, this.#sink);
      else this.#greet(this.#first.length === 0 ? chunk : Buffer.concat([this.#first, chunk]));
      if (this.#holdsHalf || this.#splitter.pending > halfFrameBytesFree) this.#countHalf();
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#host.complaints.warn({ client: this.#name, ...error.facts }, `client closed: ${error.message}`);
      this.destroy();
    }
  }

  #countHalf(): void {
    this.#holdsHalf = this.#splitter.pending > halfFrameBytesFree;
    this.#host.heldHalf(this, this.#holdsHalf ? this.#splitter.pendingCapacity : 0);
  }

  #drained(): void {
    this.#host.leftUnread(this, 0);
    this.resume();
  }

  #greet(bytes: Buffer): void {
    const word = fourLetterWord(bytes);
    if (word === 'more') {
      this.#first = bytes;
      return;
    }
    if (word !== 'none') {
      void this.#answer(word);
      return;
    }
    const handshake = this.#host.handshake(bytes);
    if (handshake === 'unknown') {
      this.#first = bytes;
      return;
    }
    if (handshake === 'throttled') return this.destroy();
    this.greeted = true;
    this.#host.opened(this);
    this.#splitter.push(bytes, this.#sink);
  }

  async #answer(word: AskedWord): Promise<void> {
    this.#socket.pause();
    this.#socket.write(await this.#host.answer(word));
    this.end();
  }

  #take(bytes: Buffer, start: number, end: number): void {
    if (this.#closing) return;
    this.conversation.asked(bytes, start, end);
    if (this.#held.length === 0 && !this.#host.mustWait(this.id)) return this.#host.frame(this.id, bytes, start, end);
    this.#held.push({ bytes, start, end, sinceMs: Date.now() });
    this.#socket.pause();
  }

  get #name(): string {
    return `${this.address}:${this.port}`;
  }

  #log(error: Error): void {
    this.#host.logger.debug({ client: this.#name, code: codeOf(error) }, `connection lost: ${messageOf(error)}`);
  }
}
