import { Writer } from '@reeve/wire';
import type {
  Entry,
  Epochs,
  LinkId,
  MemberId,
  Notification,
  OutgoingSnapshot,
  SnapshotSource,
  ZabNote,
  ZabOutbox,
} from '@reeve/zab';

/** A buffer that grew beyond this is not kept for the next turn, bytes. */
const KEPT_BYTES_MAX = 2 * 1024 * 1024;
const KEPT_WRITERS_MAX = 64;

/** What agreement wants done: the part of an outbox that is between members and the disk. */
export class MemberOutbox implements ZabOutbox {
  epochs: Epochs | undefined;
  truncate: number | undefined;
  install: SnapshotSource | undefined;
  readonly entries: Entry[] = [];
  readonly messages = new Map<LinkId, Writer>();
  readonly snapshots = new Map<LinkId, OutgoingSnapshot>();
  readonly notifications = new Map<MemberId, Notification>();
  readonly closing: LinkId[] = [];
  dial: { readonly leader: MemberId | undefined } | undefined;
  restart: 'needed' | undefined;
  readonly notes: ZabNote[] = [];
  readonly #spare: Writer[] = [];

  writer(link: LinkId): Writer {
    const known = this.messages.get(link);
    if (known !== undefined) return known;
    const writer = this.#spare.pop() ?? new Writer();
    this.messages.set(link, writer);
    return writer;
  }

  /** Forgets what was performed; who still looks at a writer's bytes has taken them. */
  clear(): void {
    for (const writer of this.messages.values()) this.#keep(writer);
    this.epochs = undefined;
    this.truncate = undefined;
    this.install = undefined;
    this.entries.length = 0;
    // Even an empty Map leaves garbage when it is cleared.
    if (this.messages.size > 0) this.messages.clear();
    if (this.snapshots.size > 0) this.snapshots.clear();
    if (this.notifications.size > 0) this.notifications.clear();
    this.closing.length = 0;
    this.dial = undefined;
    this.restart = undefined;
    this.notes.length = 0;
  }

  #keep(writer: Writer): void {
    if (writer.capacity > KEPT_BYTES_MAX || this.#spare.length >= KEPT_WRITERS_MAX) return;
    writer.clear();
    this.#spare.push(writer);
  }
}
