import type { Socket } from 'node:net';
import { codeOf, type Logger, messageOf } from '@reeve/base';
import type { ConnectionId } from '@reeve/replica';
import { FrameSplitter, WireError } from '@reeve/wire';
import { Conversation } from './conversation.ts';
import { type FourLetterWord, fourLetterWord } from './four-letter-words.ts';
import type { Totals } from './traffic.ts';

/** Bytes a client may leave unread before no more of its requests are taken. */
const unreadBytesSoft = 256 * 1024;
/** Bytes a client may leave unread before it is given up: its watches go on firing while its requests wait. */
const unreadBytesMax = 16 * 1024 * 1024;
const wordBytes = 4;

/** Who works for a connection. */
export interface ConnectionHost {
  readonly logger: Logger;
  readonly frameBytesMax: number;
  /** What all connections add up to. */
  readonly totals: Totals;
  /** Takes one frame, a view that is valid during the call only. */
  frame(connection: ConnectionId, bytes: Buffer, start: number, end: number): void;
  /** Whether the connection's next frame must wait for a later turn. */
  mustWait(connection: ConnectionId): boolean;
  answer(word: FourLetterWord): Promise<string>;
  /** Its first bytes were those of the protocol, and no four-letter word. */
  opened(connection: ClientConnection): void;
  closed(connection: ClientConnection): void;
}

/** The socket of a client: cuts frames, writes replies, and reads no faster than they are taken and read. */
export class ClientConnection {
  readonly id: ConnectionId;
  readonly address: string;
  readonly port: number;
  readonly sinceMs = Date.now();
  readonly conversation: Conversation;
  /** Whether its first bytes were those of the protocol. */
  greeted = false;
  /** Resolves when the socket is closed. */
  readonly gone: Promise<void>;
  #closing = false;
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #splitter: FrameSplitter;
  readonly #sink = (bytes: Buffer, start: number, end: number) => this.#take(bytes, start, end);
  /** Frames that had been read when the connection had to wait. */
  #held: Buffer[] = [];
  #first: Buffer = Buffer.alloc(0);

  constructor(id: ConnectionId, socket: Socket, host: ConnectionHost) {
    this.id = id;
    this.address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    this.port = socket.remotePort ?? 0;
    this.#socket = socket;
    this.#host = host;
    this.conversation = new Conversation(host.totals);
    this.#splitter = new FrameSplitter(host.frameBytesMax);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('drain', () => this.resume());
    socket.on('error', (error) => this.#log(error));
    this.gone = new Promise((resolve) => {
      socket.on('close', () => {
        host.closed(this);
        resolve();
      });
    });
  }

  /** Writes the replies of one turn. */
  send(bytes: Buffer): void {
    if (this.#closing) return;
    const socket = this.#socket;
    this.conversation.told(bytes);
    if (socket.writableLength > unreadBytesMax) {
      this.#host.logger.warn({ client: this.#name, bytes: socket.writableLength }, 'client reads too slowly: closed');
      return this.destroy();
    }
    socket.write(bytes);
    if (socket.writableLength > unreadBytesSoft) socket.pause();
  }

  /** Takes the frames that waited, and goes on reading when nothing hinders it. */
  resume(): void {
    if (this.#closing || this.#socket.writableLength > unreadBytesSoft) return;
    while (this.#held.length > 0 && !this.#host.mustWait(this.id)) {
      const frame = this.#held.shift() as Buffer;
      this.#host.frame(this.id, frame, 0, frame.length);
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

  #read(chunk: Buffer): void {
    if (this.#closing) return;
    this.#host.totals.bytesReceived += chunk.length;
    try {
      if (this.greeted) this.#splitter.push(chunk, this.#sink);
      else this.#greet(this.#first.length === 0 ? chunk : Buffer.concat([this.#first, chunk]));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#host.logger.warn({ client: this.#name, ...error.facts }, `client closed: ${error.message}`);
      this.destroy();
    }
  }

  #greet(bytes: Buffer): void {
    if (bytes.length < wordBytes) {
      this.#first = bytes;
      return;
    }
    const word = fourLetterWord(bytes);
    if (word !== undefined) {
      void this.#answer(word);
      return;
    }
    this.greeted = true;
    this.#host.opened(this);
    this.#splitter.push(bytes, this.#sink);
  }

  async #answer(word: FourLetterWord): Promise<void> {
    this.#socket.pause();
    this.#socket.write(await this.#host.answer(word));
    this.end();
  }

  #take(bytes: Buffer, start: number, end: number): void {
    if (this.#closing) return;
    this.conversation.asked(bytes, start, end);
    if (this.#held.length === 0 && !this.#host.mustWait(this.id)) return this.#host.frame(this.id, bytes, start, end);
    this.#held.push(Buffer.from(bytes.subarray(start, end)));
    this.#socket.pause();
  }

  get #name(): string {
    return `${this.address}:${this.port}`;
  }

  #log(error: Error): void {
    this.#host.logger.debug({ client: this.#name, code: codeOf(error) }, `connection lost: ${messageOf(error)}`);
  }
}
