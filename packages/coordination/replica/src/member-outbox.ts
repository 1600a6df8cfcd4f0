import type { Writer } from '@reeve/wire';
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

  /** Forgets what was performed. */
  clear(): void {
    this.epochs = undefined;
    this.truncate = undefined;
    this.install = undefined;
    this.entries.length = 0;
    this.messages.clear();
    this.snapshots.clear();
    this.notifications.clear();
    this.closing.length = 0;
    this.dial = undefined;
    this.restart = undefined;
    this.notes.length = 0;
  }
}
