import { Writer } from '@reeve/wire';
import type { LinkId, OutgoingSnapshot } from '@reeve/zab';
import { writeSlice, writeSnapshotEnd } from '@reeve/zab';
import type { Place, Stream, StreamEnd } from './stream.ts';
import type { Timeline } from './timeline.ts';

/** The member at this end of a link. */
export interface LinkOwner {
  readonly id: Place;
  readonly timeline: Timeline;
  /** How long the transport takes from one slice to the next. */
  slicePauseMs(): number;
  message(link: LinkId, bytes: Buffer, frame: { readonly start: number; readonly end: number }): void;
  linkClosed(link: LinkId): void;
}

const HEADER_BYTES = 4;

/** One end of a stream between members: cuts it into messages, and sends snapshots a slice at a time. */
export class PeerLink implements StreamEnd {
  readonly id: LinkId;
  /** The member at the other end. */
  readonly peer: Place;
  readonly #owner: LinkOwner;
  #stream: Stream | undefined;
  /** What waits for the end of a snapshot. */
  #waiting: { readonly bytes: Buffer; readonly snapshot: OutgoingSnapshot | undefined }[] | undefined;

  constructor(id: LinkId, peer: Place, owner: LinkOwner) {
    this.id = id;
    this.peer = peer;
    this.#owner = owner;
  }

  get place(): Place {
    return this.#owner.id;
  }

  /** Bytes that the other end has not got. */
  get backlogBytes(): number {
    const waiting = (this.#waiting ?? []).reduce((sum, { bytes }) => sum + bytes.length, 0);
    return waiting + (this.#stream?.backlogBytes ?? 0);
  }

  attach(stream: Stream): void {
    this.#stream = stream;
  }

  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const start = at + HEADER_BYTES;
      const end = start + bytes.readInt32BE(at);
      this.#owner.message(this.id, bytes, { start, end });
      at = end;
    }
  }

  over(): void {
    this.close();
  }

  /** Sends messages, and a snapshot among them. */
  send(bytes: Buffer, snapshot: OutgoingSnapshot | undefined): void {
    if (this.#waiting !== undefined) this.#waiting.push({ bytes, snapshot });
    else if (snapshot === undefined) this.#stream?.send(bytes);
    else this.#begin(bytes, snapshot);
  }

  /** Ends it after its last bytes, and says so at once. */
  close(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#stream = undefined;
    stream.end();
    this.#owner.linkClosed(this.id);
  }

  #begin(bytes: Buffer, { after, source }: OutgoingSnapshot): void {
    if (after > 0) this.#stream?.send(bytes.subarray(0, after));
    this.#waiting = after < bytes.length ? [{ bytes: bytes.subarray(after), snapshot: undefined }] : [];
    const slices = source.slices[Symbol.iterator]();
    const next = (): void => {
      if (this.#stream === undefined) return;
      const slice = slices.next();
      const writer = new Writer();
      if (slice.done === true) writeSnapshotEnd(writer, source.lastZxidSeen());
      else writeSlice(writer, slice.value);
      this.#stream.send(writer.take());
      if (slice.done === true) this.#resume();
      else this.#owner.timeline.after(this.#owner.slicePauseMs(), next);
    };
    this.#owner.timeline.after(this.#owner.slicePauseMs(), next);
  }

  #resume(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const { bytes, snapshot } of waiting) this.send(bytes, snapshot);
  }
}
