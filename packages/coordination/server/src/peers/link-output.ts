import type { Socket } from 'node:net';
import { Writer } from '@reeve/wire';
import type { OutgoingSnapshot, SnapshotSource } from '@reeve/zab';

/** How long slices of a snapshot are gathered in one turn of the event loop. */
const shareMs = 5;
/** Bytes of slices that share one write to the socket. */
const portionBytes = 256 * 1024;
/** Unwritten bytes at which a snapshot waits: above what makes a socket tell when it has drained. */
const windowBytes = 1024 * 1024;

/** How what agreement says of snapshots is put into frames. */
export interface SnapshotFrames {
  writeSlice(writer: Writer, slice: Buffer): void;
  writeSnapshotEnd(writer: Writer, lastZxidSeen: number): void;
}

/** A snapshot that is being sent. */
interface Flow {
  readonly source: SnapshotSource;
  readonly slices: Iterator<Buffer>;
}

/**
 * What goes out over a link, in order: messages at once, snapshots as fast as the other side reads and in shares of time,
 * and the messages after a snapshot when it is out.
 */
export class LinkOutput {
  readonly #socket: Socket;
  readonly #frames: SnapshotFrames;
  readonly #queue: (Buffer | Flow)[] = [];
  #queuedBytes = 0;
  #resting: NodeJS.Immediate | undefined;
  readonly #pump = () => this.#send();

  constructor(socket: Socket, frames: SnapshotFrames) {
    this.#socket = socket;
    this.#frames = frames;
    socket.on('drain', this.#pump);
  }

  /** Bytes that the other side has not taken yet; a snapshot that is being sent counts as far as it is in memory. */
  get backlogBytes(): number {
    return this.#queuedBytes + this.#socket.writableLength;
  }

  /** Writes, snapshots among them, that are not with the socket. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Whether everything is with the socket. */
  get isFlushed(): boolean {
    return this.#queue.length === 0;
  }

  /** Sends what is in the writer, with a snapshot in its midst. The writer may be used again after that. */
  send(writer: Writer, snapshot: OutgoingSnapshot | undefined): void {
    if (snapshot === undefined && this.#queue.length === 0) return this.#write(writer);
    const bytes = writer.take();
    if (snapshot === undefined) this.#enqueue(bytes);
    else {
      const { after, source } = snapshot;
      this.#enqueue(bytes.subarray(0, after));
      this.#queue.push({ source, slices: source.slices[Symbol.iterator]() });
      this.#enqueue(bytes.subarray(after));
    }
    this.#send();
  }

  /** Lets go of everything that is not with the socket. */
  drop(): void {
    if (this.#resting !== undefined) clearImmediate(this.#resting);
    for (const waiting of this.#queue.splice(0)) if (!Buffer.isBuffer(waiting)) waiting.slices.return?.();
    this.#queuedBytes = 0;
  }

  /** A socket that could not pass on everything at once keeps the bytes: then they are no longer the writer's. */
  #write(writer: Writer): void {
    this.#socket.write(writer.view());
    if (this.#socket.writableLength > 0) writer.take();
  }

  #enqueue(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  #send(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (Buffer.isBuffer(next)) {
        this.#queuedBytes -= next.length;
        this.#socket.write(next);
      } else if (this.#flow(next) === 'not_yet') return;
      this.#queue.shift();
    }
  }

  #flow({ source, slices }: Flow): 'done' | 'not_yet' {
    const untilMs = performance.now() + shareMs;
    while (this.#socket.writableLength < windowBytes) {
      if (performance.now() >= untilMs) {
        this.#rest();
        return 'not_yet';
      }
      const writer = new Writer(portionBytes);
      let slice = slices.next();
      for (; slice.done !== true; slice = slices.next()) {
        this.#frames.writeSlice(writer, slice.value);
        if (writer.length >= portionBytes || performance.now() >= untilMs) break;
      }
      if (slice.done === true) this.#frames.writeSnapshotEnd(writer, source.lastZxidSeen());
      this.#socket.write(writer.take());
      if (slice.done === true) return 'done';
    }
    return 'not_yet';
  }

  #rest(): void {
    if (this.#resting !== undefined) return;
    this.#resting = setImmediate(() => {
      this.#resting = undefined;
      this.#send();
    });
  }
}
