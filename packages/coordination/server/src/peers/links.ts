import type { LinkId, ZabEvent, ZabOutbox } from '@reeve/zab';
import type { SparingLog } from '../sparing-log.ts';
import type { KnownPeer } from './greet.ts';
import { Link, type LinkHost } from './link.ts';
import type { SnapshotFrames } from './link-output.ts';
import type { LinkFacts } from './link-traffic.ts';

/** What links work with. */
export interface LinksParts {
  readonly complaints: SparingLog;
  readonly frames: SnapshotFrames;
  readonly backlogBytesMax: number;
  readonly frameBytesMax: number;
  readonly tell: (event: ZabEvent) => void;
}

/** All links of a member, by number. */
export class Links implements LinkHost {
  readonly complaints: SparingLog;
  readonly frames: SnapshotFrames;
  readonly backlogBytesMax: number;
  readonly frameBytesMax: number;
  readonly #tell: LinksParts['tell'];
  readonly #links = new Map<LinkId, Link>();
  #lastId = 0;

  constructor({ complaints, frames, backlogBytesMax, frameBytesMax, tell }: LinksParts) {
    this.complaints = complaints;
    this.frames = frames;
    this.backlogBytesMax = backlogBytesMax;
    this.frameBytesMax = frameBytesMax;
    this.#tell = tell;
  }

  get facts(): LinkFacts[] {
    return [...this.#links.values()].map((link) => link.facts);
  }

  /** Takes a connection. An earlier one of the same member is over: it would not have made another. */
  add(known: KnownPeer, origin: Link['origin']): void {
    for (const link of this.#links.values()) {
      if (link.peer !== known.peer || link.origin !== origin) continue;
      this.closed(link);
      link.destroy();
    }
    this.#lastId += 1;
    const link = new Link(known, { id: this.#lastId, origin }, this);
    this.#links.set(link.id, link);
    this.#tell({ kind: 'link_opened', link: link.id, peer: link.peer, origin });
    link.start(known.rest);
  }

  /** Sends messages, and snapshots between them. */
  send({ messages, snapshots }: Pick<ZabOutbox, 'messages' | 'snapshots'>): void {
    for (const [id, writer] of messages) this.#links.get(id)?.send(writer, snapshots.get(id));
  }

  /** Closes links after their last bytes. */
  close(links: readonly LinkId[]): void {
    for (const id of links) this.#links.get(id)?.end();
  }

  /** Reads nothing of what leaders send, until `resume`. */
  pause(): void {
    for (const link of this.#dialled()) link.pause();
  }

  resume(): void {
    for (const link of this.#dialled()) link.resume();
  }

  stop(): void {
    const links = [...this.#links.values()];
    this.#links.clear();
    for (const link of links) link.destroy();
  }

  message({ id }: Link, bytes: Buffer, { start, end }: { readonly start: number; readonly end: number }): void {
    this.#tell({ kind: 'message', link: id, bytes, start, end });
  }

  closed({ id }: Link): void {
    if (this.#links.delete(id)) this.#tell({ kind: 'link_closed', link: id });
  }

  #dialled(): Link[] {
    return [...this.#links.values()].filter(({ origin }) => origin === 'dialled');
  }
}
