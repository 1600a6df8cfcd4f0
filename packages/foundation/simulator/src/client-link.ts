import type { ConnectionId } from '@reeve/replica';
import type { Place, Stream, StreamEnd } from './stream.ts';

/** The member at this end of a client's connection. */
export interface ClientLinkOwner {
  readonly id: Place;
  frame(connection: ConnectionId, bytes: Buffer, frame: { readonly start: number; readonly end: number }): void;
  clientGone(connection: ConnectionId): void;
}

const HEADER_BYTES = 4;

/** A member's end of a client's connection. */
export class ClientLink implements StreamEnd {
  readonly id: ConnectionId;
  readonly #owner: ClientLinkOwner;
  #stream: Stream | undefined;

  constructor(id: ConnectionId, owner: ClientLinkOwner) {
    this.id = id;
    this.#owner = owner;
  }

  get place(): Place {
    return this.#owner.id;
  }

  attach(stream: Stream): void {
    this.#stream = stream;
  }

  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const start = at + HEADER_BYTES;
      const end = start + bytes.readInt32BE(at);
      this.#owner.frame(this.id, bytes, { start, end });
      at = end;
    }
  }

  over(): void {
    this.close();
    this.#owner.clientGone(this.id);
  }

  send(bytes: Buffer): void {
    this.#stream?.send(bytes);
  }

  /** Ends it after its last bytes. */
  close(): void {
    this.#stream?.end();
    this.#stream = undefined;
  }
}
