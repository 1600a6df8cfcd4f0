import { invariant } from '@reeve/base';
import { Writer } from '@reeve/wire';
import {
  type Entry,
  type Epochs,
  type LinkId,
  type MemberId,
  type Membership,
  type Notification,
  type OutgoingSnapshot,
  type SnapshotSource,
  writeSlice,
  writeSnapshotEnd,
  Zab,
  type ZabEvent,
  type ZabOptions,
  type ZabOutbox,
  zabDefaults,
} from '@reeve/zab';
import { type HostObserver, TestHost } from './test-host.ts';

/** What a member has when it is started again. */
export class TestDisk {
  epochs: Epochs | undefined;
  snapshot: { zxid: number; state: Map<number, string> } = { zxid: 0, state: new Map() };
  log: Entry[] = [];
  membership: Membership;
  /** What entries of the log bring, by their zxids. */
  readonly changes = new Map<number, Membership>();
  /** Handed over, and not on the disk yet: in this order. */
  pending: (
    | { readonly kind: 'entry'; readonly entry: Entry }
    | { readonly kind: 'truncate'; readonly zxid: number }
    | { readonly kind: 'install'; readonly source: SnapshotSource }
  )[] = [];

  constructor(membership: Membership) {
    this.membership = membership;
  }
}

/** Something on its way along a link. */
type Parcel =
  | { readonly kind: 'frame'; readonly bytes: Buffer }
  | { readonly kind: 'snapshot'; readonly slices: Iterator<Buffer>; readonly source: SnapshotSource }
  | { readonly kind: 'closed' };

interface Side {
  readonly to: TestMember;
  readonly parcels: Parcel[];
}

interface Link {
  readonly id: LinkId;
  readonly sides: readonly [Side, Side];
}

export class TestMember {
  readonly id: MemberId;
  readonly disk: TestDisk;
  host: TestHost;
  zab: Zab | undefined;
  outbox: ZabOutbox = emptyOutbox();
  dial: MemberId | undefined;
  startedMs = 0;
  steppedMs = 0;

  constructor(id: MemberId, disk: TestDisk) {
    this.id = id;
    this.disk = disk;
    this.host = new TestHost(`secret of ${id}`);
  }
}

function emptyOutbox(): ZabOutbox {
  const messages = new Map<LinkId, Writer>();
  return {
    epochs: undefined,
    truncate: undefined,
    install: undefined,
    entries: [],
    messages,
    snapshots: new Map<LinkId, OutgoingSnapshot>(),
    notifications: new Map<MemberId, Notification>(),
    closing: [],
    dial: undefined,
    restart: undefined,
    notes: [],
    writer(link) {
      const writer = messages.get(link) ?? new Writer();
      messages.set(link, writer);
      return writer;
    },
  };
}

/** Something that can happen next. */
export interface Chance {
  readonly kind: 'notify' | 'frame' | 'dial' | 'persist';
  take(): void;
}

/** Members, the links between them and their disks; nothing happens unless it is told to. */
export class TestNetwork {
  readonly members = new Map<MemberId, TestMember>();
  readonly links = new Map<LinkId, Link>();
  readonly notes: string[] = [];
  notifications: { readonly to: MemberId; readonly notification: Notification }[] = [];
  nowMs = 0;
  observer: HostObserver | undefined;
  readonly heldDisks = new Set<MemberId>();
  /** Those whom no notification reaches. */
  readonly deaf = new Set<MemberId>();
  readonly #options: Partial<ZabOptions>;
  readonly #severed = new Set<string>();
  #lastLink = 0;

  constructor(membership: Membership, options: Partial<ZabOptions> = {}) {
    this.#options = options;
    for (const { id } of membership.members) this.add(id, membership);
  }

  add(id: MemberId, membership: Membership): TestMember {
    const member = new TestMember(id, new TestDisk(membership));
    this.members.set(id, member);
    return member;
  }

  member(id: MemberId): TestMember {
    const member = this.members.get(id);
    invariant(member !== undefined, `there is a member ${id}`);
    return member;
  }

  start(member: TestMember): void {
    const { disk } = member;
    const host = new TestHost(`secret of ${member.id}`);
    host.observer = this.observer;
    member.host = host;
    for (const [zxid, payload] of disk.snapshot.state) host.state.set(zxid, payload);
    host.applied = disk.snapshot.zxid;
    member.outbox = emptyOutbox();
    const { membership, epochs } = disk;
    const options = { ...zabDefaults, ...this.#options, id: member.id, membership, epochs };
    const zab = new Zab(options, host, member.outbox);
    host.zab = zab;
    member.zab = zab;
    member.startedMs = this.nowMs;
    zab.startAfter(disk.snapshot.zxid);
    for (const entry of disk.log) zab.logged(entry, disk.changes.get(entry.zxid));
    zab.start(this.nowMs);
    this.#perform(member);
  }

  /** Ends a member; `kept` of what was on its way to the disk gets there. */
  crash(member: TestMember, kept = 0): void {
    if (member.zab === undefined) return;
    member.zab = undefined;
    member.dial = undefined;
    for (const pending of member.disk.pending.splice(0).slice(0, kept)) this.#store(member, pending);
    for (const link of [...this.links.values()]) if (this.#ends(link, member)) this.cut(link.id);
  }

  step(member: TestMember, event: ZabEvent): void {
    if (member.zab === undefined) return;
    member.steppedMs = this.nowMs;
    member.zab.step(event, this.nowMs);
    this.#perform(member);
  }

  /** Lets a leader propose. */
  propose(member: TestMember, payload: string, membership?: Membership): number {
    const zxid = member.host.propose(payload, membership);
    this.#perform(member);
    return zxid;
  }

  perform(member: TestMember): void {
    this.#perform(member);
  }

  /** Members on different sides neither reach each other nor notice. */
  partition(groups: readonly (readonly MemberId[])[]): void {
    this.#severed.clear();
    for (const a of this.members.keys()) {
      for (const b of this.members.keys()) {
        if (!groups.some((group) => group.includes(a) && group.includes(b))) this.#severed.add(`${a} ${b}`);
      }
    }
  }

  reaches(a: MemberId, b: MemberId): boolean {
    return !this.#severed.has(`${a} ${b}`);
  }

  /** Ends a link as a reset does: both sides are told, and nothing on the way arrives. */
  cut(id: LinkId): void {
    const link = this.links.get(id);
    if (link === undefined) return;
    this.links.delete(id);
    for (const { to } of link.sides) this.step(to, { kind: 'link_closed', link: id });
  }

  /** All that could happen now, apart from time. */
  chances(): Chance[] {
    const chances: Chance[] = [];
    for (const sent of this.notifications) chances.push({ kind: 'notify', take: () => this.#notify(sent) });
    for (const link of this.links.values()) {
      for (const [index, { to, parcels }] of link.sides.entries()) {
        const from = (link.sides[1 - index] as Side).to;
        if (parcels.length === 0 || !this.reaches(from.id, to.id)) continue;
        chances.push({ kind: 'frame', take: () => this.#deliver(link, link.sides[index] as Side) });
      }
    }
    for (const member of this.members.values()) {
      if (member.zab === undefined) continue;
      const leader = member.dial === undefined ? undefined : this.members.get(member.dial);
      if (leader?.zab !== undefined && this.reaches(member.id, leader.id)) {
        chances.push({ kind: 'dial', take: () => this.#connect(member, leader) });
      }
      if (member.disk.pending.length > 0 && !this.heldDisks.has(member.id)) {
        chances.push({ kind: 'persist', take: () => this.persist(member) });
      }
    }
    return chances;
  }

  /** Lets happen what can, first come first served, until nothing is left, while `ms` pass. */
  run(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (let turns = 0; ; turns += 1) {
      invariant(turns < 20_000, 'whoever wants to be woken waits for a while');
      this.quiesce();
      const wakes = [...this.members.values()].map((member) => this.wakeAtMs(member));
      const nextMs = Math.min(...wakes);
      if (nextMs > untilMs) break;
      this.nowMs = Math.max(nextMs, this.nowMs);
      for (const member of this.members.values())
        if (this.wakeAtMs(member) <= this.nowMs) this.step(member, { kind: 'timer' });
    }
    this.nowMs = untilMs;
  }

  quiesce(): void {
    for (let steps = 0; ; steps += 1) {
      invariant(steps < 20_000, 'the network comes to rest');
      const chance = this.chances()[0];
      if (chance === undefined) return;
      chance.take();
    }
  }

  wakeAtMs(member: TestMember): number {
    const wakeInMs = member.zab?.wakeInMs;
    return wakeInMs === undefined ? Number.POSITIVE_INFINITY : Math.max(member.steppedMs, member.startedMs) + wakeInMs;
  }

  /** Brings what is on its way to a disk there, up to the next cut or snapshot. */
  persist(member: TestMember, count = Number.POSITIVE_INFINITY): void {
    const { disk } = member;
    let stored = 0;
    while (disk.pending[0]?.kind === 'entry' && stored < count) {
      this.#store(member, disk.pending.shift() as (typeof disk.pending)[number]);
      stored += 1;
    }
    if (stored > 0) return this.step(member, { kind: 'persisted', zxid: (disk.log.at(-1) as Entry).zxid });
    const next = disk.pending.shift();
    if (next === undefined) return;
    this.#store(member, next);
    this.step(member, { kind: next.kind === 'truncate' ? 'truncated' : 'installed' });
  }

  failDisk(member: TestMember): void {
    member.disk.pending.length = 0;
    this.step(member, { kind: 'journal_failed' });
  }

  #store({ disk }: TestMember, pending: TestDisk['pending'][number]): void {
    if (pending.kind === 'entry') {
      disk.log.push(pending.entry);
    } else if (pending.kind === 'truncate') {
      disk.log = disk.log.filter(({ zxid }) => zxid <= pending.zxid);
    } else {
      const host = new TestHost('');
      for (const slice of pending.source.slices) host.restoreSlice(slice);
      invariant(pending.source.lastZxidSeen() === pending.source.zxid, 'an installed snapshot is exact');
      disk.snapshot = { zxid: pending.source.zxid, state: host.state };
      disk.log = [];
    }
  }

  #perform(member: TestMember): void {
    const { outbox, disk } = member;
    if (outbox.epochs !== undefined) disk.epochs = outbox.epochs;
    outbox.epochs = undefined;
    if (outbox.truncate !== undefined) {
      // As a journal does: what is waiting and beyond the cut is not written first.
      const { truncate: zxid } = outbox;
      disk.pending = disk.pending.filter((pending) => pending.kind !== 'entry' || pending.entry.zxid <= zxid);
      disk.pending.push({ kind: 'truncate', zxid });
    }
    outbox.truncate = undefined;
    if (outbox.install !== undefined) disk.pending.push({ kind: 'install', source: outbox.install });
    outbox.install = undefined;
    for (const { zxid, payload } of outbox.entries.splice(0)) {
      disk.pending.push({ kind: 'entry', entry: { zxid, payload: Buffer.from(payload) } });
    }
    this.#sendMessages(member);
    for (const [to, notification] of outbox.notifications) this.#send(member.id, to, notification);
    outbox.notifications.clear();
    for (const id of outbox.closing.splice(0)) this.#close(id, member);
    if (outbox.dial !== undefined) member.dial = outbox.dial.leader;
    outbox.dial = undefined;
    for (const { message } of outbox.notes.splice(0)) this.notes.push(`${member.id}: ${message}`);
    const restarts = outbox.restart === 'needed';
    outbox.restart = undefined;
    if (!restarts) return;
    this.crash(member);
    this.start(member);
  }

  #sendMessages({ outbox, id }: TestMember): void {
    for (const [linkId, writer] of outbox.messages) {
      const bytes = writer.take();
      const side = this.links.get(linkId)?.sides.find(({ to }) => to.id !== id);
      if (side === undefined) continue;
      const snapshot = outbox.snapshots.get(linkId);
      if (snapshot === undefined) {
        side.parcels.push(...framesOf(bytes));
      } else {
        const { after, source } = snapshot;
        side.parcels.push(...framesOf(bytes.subarray(0, after)));
        side.parcels.push({ kind: 'snapshot', slices: source.slices[Symbol.iterator](), source });
        side.parcels.push(...framesOf(bytes.subarray(after)));
      }
    }
    outbox.messages.clear();
    outbox.snapshots.clear();
  }

  #send(from: MemberId, to: MemberId, notification: Notification): void {
    if (!this.reaches(from, to) || this.deaf.has(to)) return;
    this.notifications = this.notifications.filter((sent) => sent.to !== to || sent.notification.from !== from);
    this.notifications.push({ to, notification });
  }

  #notify(sent: TestNetwork['notifications'][number]): void {
    this.notifications = this.notifications.filter((other) => other !== sent);
    const member = this.members.get(sent.to);
    if (member === undefined || !this.reaches(sent.notification.from, sent.to)) return;
    this.step(member, { kind: 'notified', notification: sent.notification });
  }

  #connect(learner: TestMember, leader: TestMember): void {
    learner.dial = undefined;
    this.#lastLink += 1;
    const id = this.#lastLink;
    this.links.set(id, {
      id,
      sides: [
        { to: learner, parcels: [] },
        { to: leader, parcels: [] },
      ],
    });
    this.step(leader, { kind: 'link_opened', link: id, peer: learner.id, origin: 'accepted' });
    this.step(learner, { kind: 'link_opened', link: id, peer: leader.id, origin: 'dialled' });
  }

  #close(id: LinkId, by: TestMember): void {
    const link = this.links.get(id);
    if (link === undefined) return;
    for (const side of link.sides) {
      if (side.to === by) side.parcels.length = 0;
      else side.parcels.push({ kind: 'closed' });
    }
  }

  #deliver(link: Link, side: Side): void {
    const parcel = side.parcels[0] as Parcel;
    if (parcel.kind === 'snapshot') return this.#deliverSlice(link, side, parcel);
    side.parcels.shift();
    if (parcel.kind === 'frame') return this.#message(link.id, side.to, parcel.bytes);
    this.links.delete(link.id);
    this.step(side.to, { kind: 'link_closed', link: link.id });
  }

  #deliverSlice(link: Link, side: Side, { slices, source }: Extract<Parcel, { kind: 'snapshot' }>): void {
    const writer = new Writer();
    const slice = slices.next();
    if (slice.done === true) {
      side.parcels.shift();
      writeSnapshotEnd(writer, source.lastZxidSeen());
    } else {
      writeSlice(writer, slice.value);
    }
    this.#message(link.id, side.to, writer.take());
  }

  #message(link: LinkId, to: TestMember, bytes: Buffer): void {
    this.step(to, { kind: 'message', link, bytes, start: 4, end: bytes.length });
  }

  #ends(link: Link, member: TestMember): boolean {
    return link.sides.some(({ to }) => to === member);
  }
}

function framesOf(bytes: Buffer): Parcel[] {
  const frames: Parcel[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readInt32BE(at);
    frames.push({ kind: 'frame', bytes: Buffer.from(bytes.subarray(at, end)) });
    at = end;
  }
  return frames;
}
