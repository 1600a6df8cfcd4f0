import type { Socket } from 'node:net';
import { FrameSplitter, WireError, type Writer } from '@reeve/wire';
import type { LinkId, MemberId, OutgoingSnapshot } from '@reeve/zab';
import type { SparingLog } from '../sparing-log.ts';
import type { KnownPeer } from './greet.ts';
import { LinkOutput, type SnapshotFrames } from './link-output.ts';
import { type LinkFacts, LinkTraffic } from './link-traffic.ts';

/** How long the other side may take to read the last bytes. */
const goodbyeMsMax = 1_000;

/** Who works for a link. */
export interface LinkHost {
  readonly complaints: SparingLog;
  readonly frames: SnapshotFrames;
  /** The longest frame, bytes. */
  readonly frameBytesMax: number;
  /** Bytes that may wait for the other side before the link is given up. */
  readonly backlogBytesMax: number;
  /** Takes one frame, `bytes[start, end)`. */
  message(link: Link, bytes: Buffer, range: { readonly start: number; readonly end: number }): void;
  /** Nothing comes over the link any more. */
  closed(link: Link): void;
}

/** A stream of frames between a learner and its leader. */
export class Link {
  readonly id: LinkId;
  readonly peer: MemberId;
  readonly origin: 'dialled' | 'accepted';
  readonly #socket: Socket;
  readonly #host: LinkHost;
  readonly #output: LinkOutput;
  readonly #splitter: FrameSplitter;
  readonly #sinceMs = Date.now();
  readonly #traffic = new LinkTraffic();
  readonly #sink = (bytes: Buffer, start: number, end: number): void => {
    this.#traffic.received += 1;
    if (!this.#isClosing) this.#host.message(this, bytes, { start, end });
  };
  #isClosing = false;

  constructor(
    { peer, socket }: KnownPeer,
    { id, origin }: { readonly id: LinkId; readonly origin: Link['origin'] },
    host: LinkHost,
  ) {
    this.id = id;
    this.peer = peer;
    this.origin = origin;
    this.#socket = socket;
    this.#host = host;
    this.#output = new LinkOutput(socket, host.frames);
    this.#splitter = new FrameSplitter(host.frameBytesMax);
    // Whoever ends a link is gone: what could not be sent is of no use to anybody.
    socket.on('error', () => {}).on('end', () => this.destroy());
    socket.on('close', () => {
      this.#isClosing = true;
      this.#output.drop();
      host.closed(this);
    });
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  get facts(): LinkFacts {
    const { remoteAddress: address = '', remotePort: port = 0 } = this.#socket;
    return {
      peer: this.peer,
      origin: this.origin,
      address,
      port,
      sinceMs: this.#sinceMs,
      traffic: this.#traffic,
      waitingWrites: this.#output.waiting,
      waitingBytes: this.#output.backlogBytes,
    };
  }

  /** Begins to read, with what came already. */
  start(rest: Buffer): void {
    if (rest.length > 0) this.#read(rest);
    this.#socket.resume();
  }

  /** Sends what is in the writer, with a snapshot in its midst. The writer may be used again after that. */
  send(writer: Writer, snapshot: OutgoingSnapshot | undefined): void {
    if (this.#isClosing) return;
    this.#traffic.sent += 1;
    this.#output.send(writer, snapshot);
    const { backlogBytes } = this.#output;
    const { backlogBytesMax, complaints } = this.#host;
    if (backlogBytes <= backlogBytesMax) return;
    complaints.warn(
      { member: this.peer, backlogBytes, backlogBytesMax },
      'a member reads too slowly: it is let go, and may catch up anew',
    );
    this.destroy();
  }

  /** Reads nothing until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isClosing) this.#socket.resume();
  }

  /** Closes after the last bytes; without them when a snapshot is under way. */
  end(): void {
    if (!this.#output.isFlushed) return this.destroy();
    this.#isClosing = true;
    const impatient = setTimeout(() => this.#socket.destroy(), goodbyeMsMax);
    this.#socket.once('close', () => clearTimeout(impatient));
    this.#socket.destroySoon();
  }

  /** Closes at once. */
  destroy(): void {
    this.#isClosing = true;
    this.#output.drop();
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#isClosing) return;
    try {
      this.#splitter.push(chunk, this.#sink);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#host.complaints.warn({ member: this.peer, ...error.facts }, `link closed: ${error.message}`);
      this.destroy();
    }
  }
}
