import { createHash, createHmac } from 'node:crypto';
import { messageOf } from '@reeve/base';
import { type ConnectionId, type Outbox, Replica, type ReplicaEvent, type ReplicaOptions } from '@reeve/replica';
import { Writer } from '@reeve/wire';
import { type LinkId, type MemberId, type Message, type Notification, writeMessage, type ZabEvent } from '@reeve/zab';
import type { Chance } from './chance.ts';
import { ClientLink } from './client-link.ts';
import type { Disk, DiskListener } from './disk.ts';
import { messageIn } from './message-in.ts';
import type { Network } from './network.ts';
import { type LinkOwner, PeerLink } from './peer-link.ts';
import type { Setup } from './plan.ts';
import type { Sabotage } from './sabotage.ts';
import type { Timeline } from './timeline.ts';

/** What a member knows of the world around it. */
export interface MemberWorld {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly sabotage: Sabotage;
  readonly setup: Pick<Setup, 'learnerBacklogBytesMax'>;
  member(id: MemberId): Member | undefined;
  /** The options of a member as it starts. */
  replicaOptions(member: Member): ReplicaOptions;
  /** Called when a member is asked to take part in the epoch of a leader. */
  named(leader: MemberId, epoch: number): void;
  /** Called when a member begins to take a snapshot of its leader. */
  emptied(member: Member): void;
  /** Called before a member starts from its disk. */
  starting(member: Member): void;
  /** Called after each step in which something may have been committed. */
  stepped(member: Member): void;
  /** Called when the replica found a bug in itself. */
  broke(member: Member, reason: string): void;
  note(who: Member, what: string): void;
}

/** What a member is made of. */
export interface MemberParts {
  readonly id: MemberId;
  readonly world: MemberWorld;
  readonly disk: Disk;
  readonly chance: Chance;
}

/** Virtual time begins here, milliseconds since the epoch. */
const BEGINNING_MS = 1_700_000_000_000;
/** How often a member is told that time passed. */
const TICK_STEP_MS = 200;
const REDIAL_MS = 40;
const SLICE_PAUSE_MS = 15;
const RESTART_MS = 50;
const LENGTH_BYTES = 4;

/** The password of a session, from the secret that all members share. */
export function passwordOf(session: string, secret: Buffer): Buffer {
  return createHmac('sha256', secret).update(session).digest().subarray(0, 16);
}

/** What the `digest` scheme compares. */
export function digestOf(credentials: Buffer): string {
  return createHash('sha1').update(credentials).digest('base64');
}

/**
 * One member: a replica, the very code that runs in production, on a simulated disk and network. It performs the outbox
 * in the order that its type lays down, and may be killed between any two fields.
 */
export class Member implements DiskListener, LinkOwner {
  readonly id: MemberId;
  readonly disk: Disk;
  readonly #world: MemberWorld;
  readonly #chance: Chance;
  #replica: Replica | undefined;
  #isPaused = false;
  /** Counts its lives: what was to happen in an earlier one does not. */
  #life = 0;
  #inbox: ReplicaEvent[] = [];
  #links = new Map<LinkId, PeerLink>();
  #clients = new Map<ConnectionId, ClientLink>();
  #nextNumber = 1;
  #dialled: MemberId | undefined;
  #clockOffsetMs = 0;
  #isTurnDue = false;
  #wakeAtMs: number | undefined;
  /** The field of the outbox before which it is to be killed. */
  #killBefore: number | undefined;

  constructor({ id, world, disk, chance }: MemberParts) {
    this.id = id;
    this.#world = world;
    this.disk = disk;
    this.#chance = chance;
    disk.listener = this;
  }

  get timeline(): Timeline {
    return this.#world.timeline;
  }

  get isUp(): boolean {
    return this.#replica !== undefined;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** The replica while the member is up. */
  get replica(): Replica | undefined {
    return this.#replica;
  }

  /** Its own clock, milliseconds since the epoch. */
  get clockMs(): number {
    return BEGINNING_MS + Math.floor(this.timeline.nowMs) + this.#clockOffsetMs;
  }

  /** Starts it from what is on its disk. */
  start(): void {
    if (this.#replica !== undefined) return;
    this.#life += 1;
    this.#world.sabotage.restarting?.(this);
    this.#world.starting(this);
    const options = this.#world.replicaOptions(this);
    const replica = new Replica(this.#world.sabotage.options?.(this, options) ?? options);
    this.#guarded(() => {
      const { snapshot, entries } = this.disk;
      if (snapshot !== undefined) {
        const loader = replica.restore();
        for (const slice of snapshot.slices) loader.take(slice);
        loader.finish();
      }
      for (const entry of entries) replica.replay(entry);
      this.#replica = replica;
      replica.start(this.clockMs);
      this.#turnSoon();
      this.#tick(this.#life);
      this.#world.note(this, 'starts');
    });
  }

  /** Kills it, now or in its next turn before it performs this field of the outbox. */
  kill(before?: number): void {
    if (this.#replica === undefined) return;
    if (before === undefined || this.#isPaused) this.#die();
    else this.#killBefore = before;
  }

  /** Forgets that it was to be killed. */
  spare(): void {
    this.#killBefore = undefined;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const event of inbox) this.step(event);
    if (this.#replica !== undefined) this.#turnSoon();
  }

  /** Its clock jumps. */
  jump(ms: number): void {
    this.#clockOffsetMs += ms;
  }

  /** Writes a snapshot of its own. */
  takeSnapshot(): void {
    if (this.#replica?.status().zab.phase === 'serving') this.disk.keep(this.#replica.snapshot());
  }

  /** Tells the replica what happened; later, while the member is paused. */
  step(event: ReplicaEvent): void {
    const replica = this.#replica;
    if (replica === undefined) return;
    if (this.#isPaused) {
      this.#inbox.push(event);
      return;
    }
    const told = this.#world.sabotage.event === undefined ? event : this.#world.sabotage.event(this, event);
    if (told === undefined) return;
    this.#guarded(() => {
      // What was to be appended in this turn shares the fate of what was being written.
      if (told.kind === 'journal_failed') replica.outbox.entries.length = 0;
      replica.step(told, this.clockMs);
      this.#watch(told);
      this.#turnSoon();
    });
  }

  /** Another member has reached this one, over a stream that is opened at this moment. */
  accept(link: PeerLink): void {
    this.#links.set(link.id, link);
    this.#zab({ kind: 'link_opened', link: link.id, peer: link.peer, origin: 'accepted' });
  }

  /** A new end for a stream to another member. */
  newLink(peer: MemberId): PeerLink {
    return new PeerLink(this.#number(), peer, this);
  }

  /** A client has reached this member: its end of the stream. */
  connected(address: string): ClientLink {
    const link = new ClientLink(this.#number(), this);
    this.#clients.set(link.id, link);
    this.step({ kind: 'opened', connection: link.id, address });
    return link;
  }

  notified(notification: Notification): void {
    this.#zab({ kind: 'notified', notification });
  }

  slicePauseMs(): number {
    return this.#chance.wait(SLICE_PAUSE_MS);
  }

  message(link: LinkId, bytes: Buffer, { start, end }: { readonly start: number; readonly end: number }): void {
    if (this.#links.has(link)) this.#zab({ kind: 'message', link, bytes, start, end });
  }

  linkClosed(link: LinkId): void {
    if (this.#links.delete(link)) this.#zab({ kind: 'link_closed', link });
  }

  frame(
    connection: ConnectionId,
    bytes: Buffer,
    { start, end }: { readonly start: number; readonly end: number },
  ): void {
    if (this.#clients.has(connection)) this.step({ kind: 'frame', connection, bytes, start, end });
  }

  clientGone(connection: ConnectionId): void {
    if (this.#clients.delete(connection)) this.step({ kind: 'closed', connection });
  }

  persisted(zxid: number): void {
    this.step({ kind: 'persisted', zxid });
  }

  truncated(): void {
    this.#zab({ kind: 'truncated' });
  }

  installed(): void {
    this.#zab({ kind: 'installed' });
  }

  failed(): void {
    this.step({ kind: 'journal_failed', fault: { code: 'disk_failed', reason: 'the simulated disk failed' } });
  }

  recovered(): void {
    this.step({ kind: 'journal_recovered' });
  }

  #zab(event: Exclude<ZabEvent, { kind: 'persisted' | 'journal_failed' | 'journal_recovered' }>): void {
    this.step({ kind: 'zab', event });
  }

  #number(): number {
    this.#nextNumber += 1;
    return this.#nextNumber;
  }

  /** Has the checkers look at what a step may have done. */
  #watch(event: ReplicaEvent): void {
    const type = typeOf(event);
    if (type === snapshotType) this.#world.emptied(this);
    else if (type === newLeaderType) this.#named(event);
    if (mayCommit(event)) this.#world.stepped(this);
  }

  #named(event: ReplicaEvent): void {
    const received = messageIn(event);
    const leader = this.#links.get(received?.link ?? 0)?.peer;
    if (leader !== undefined && received?.message.kind === 'new_leader')
      this.#world.named(leader, received.message.epoch);
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#world.broke(this, error instanceof Error ? (error.stack ?? messageOf(error)) : messageOf(error));
      this.#die();
    }
  }

  #die(): void {
    this.#world.note(this, 'dies');
    this.#replica = undefined;
    this.#life += 1;
    this.#isPaused = false;
    this.#isTurnDue = false;
    this.#inbox = [];
    this.#links = new Map();
    this.#clients = new Map();
    this.#dialled = undefined;
    this.#wakeAtMs = undefined;
    this.#killBefore = undefined;
    this.disk.crash();
    this.#world.network.vanished(this.id);
  }

  /** It has asked to be made anew from its disk. */
  #startAnew(): void {
    this.#world.note(this, 'asks to be started anew');
    this.#die();
    const life = this.#life;
    this.timeline.after(this.#chance.wait(RESTART_MS), () => {
      if (life === this.#life) this.start();
    });
  }

  #inThisLife(delayMs: number, run: () => void): void {
    const life = this.#life;
    this.timeline.after(delayMs, () => {
      if (life === this.#life) run();
    });
  }

  #tick(life: number): void {
    if (life !== this.#life) return;
    if (!this.#isPaused) this.step({ kind: 'tick' });
    this.timeline.after(TICK_STEP_MS * (0.75 + this.#chance.share() / 2), () => this.#tick(life));
  }

  /** What is stepped within one turn is performed together. */
  #turnSoon(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    this.#inThisLife(this.#chance.share() / 2, () => {
      this.#isTurnDue = false;
      if (!this.#isPaused) this.#guarded(() => this.#turn());
    });
  }

  #turn(): void {
    const { outbox } = this.#replica as Replica;
    this.#world.sabotage.outbox?.(this, outbox);
    const fields = [
      () => this.#remember(outbox),
      () => this.#write(outbox),
      () => this.#send(outbox),
      () => this.#notify(outbox),
      () => this.#close(outbox),
      () => this.#answer(outbox),
    ];
    for (const [position, perform] of fields.entries()) {
      if (this.#killBefore === position) return this.#die();
      perform();
    }
    if (this.#killBefore !== undefined) return this.#die();
    if (outbox.zab.restart !== undefined) return this.#startAnew();
    const stalled = [...outbox.stalled];
    for (const { message, facts } of outbox.zab.notes) this.#world.note(this, `${message} ${JSON.stringify(facts)}`);
    outbox.clear();
    for (const connection of stalled) this.step({ kind: 'resumed', connection });
    this.#wakeLater();
  }

  /** What a member must not forget is on disk at once, or not at all. */
  #remember({ secret, membership, zab }: Outbox): void {
    if (membership !== undefined) this.disk.membership = membership;
    if (secret !== undefined) this.disk.secret = Buffer.from(secret);
    if (zab.epochs !== undefined) this.disk.epochs = zab.epochs;
  }

  #write({ zab }: Outbox): void {
    if (zab.truncate !== undefined) this.disk.truncate(zab.truncate);
    if (zab.install !== undefined) this.disk.install(zab.install);
    this.disk.append(zab.entries);
  }

  #send({ zab }: Outbox): void {
    for (const [id, writer] of zab.messages) {
      const link = this.#links.get(id);
      if (link === undefined) continue;
      link.send(Buffer.from(writer.view()), zab.snapshots.get(id));
      if (link.backlogBytes > this.#world.setup.learnerBacklogBytesMax) link.close();
    }
    for (const [id, snapshot] of zab.snapshots) {
      if (!zab.messages.has(id)) this.#links.get(id)?.send(Buffer.alloc(0), snapshot);
    }
  }

  #notify({ zab }: Outbox): void {
    const { network } = this.#world;
    for (const [to, notification] of zab.notifications) {
      network.message(this.id, to, () => this.#world.member(to)?.notified(notification));
    }
  }

  #close({ zab }: Outbox): void {
    for (const id of zab.closing) this.#links.get(id)?.close();
    if (zab.dial !== undefined) this.#dial(zab.dial.leader);
  }

  #answer(outbox: Outbox): void {
    for (const [id, writer] of outbox.replies) this.#clients.get(id)?.send(Buffer.from(writer.view()));
    for (const id of outbox.closing) {
      const link = this.#clients.get(id);
      this.#clients.delete(id);
      link?.close();
    }
  }

  #dial(leader: MemberId | undefined): void {
    this.#dialled = leader;
    if (leader !== undefined) this.#inThisLife(this.#world.network.delayMs(), () => this.#try(leader));
  }

  #try(leader: MemberId): void {
    if (this.#dialled !== leader) return;
    const { network } = this.#world;
    const other = this.#world.member(leader);
    const isReached =
      !network.isBlocked(this.id, leader) && !network.isBlocked(leader, this.id) && other?.isUp === true;
    if (!isReached) return this.#inThisLife(REDIAL_MS * (0.5 + this.#chance.share()), () => this.#try(leader));
    this.#dialled = undefined;
    const near = this.newLink(leader);
    const far = other.newLink(this.id);
    const streams = network.open(near, far);
    near.attach(streams.near);
    far.attach(streams.far);
    this.#links.set(near.id, near);
    other.accept(far);
    this.#zab({ kind: 'link_opened', link: near.id, peer: leader, origin: 'dialled' });
  }

  #wakeLater(): void {
    const inMs = this.#replica?.wakeInMs;
    if (inMs === undefined) return;
    const atMs = this.timeline.nowMs + Math.max(1, inMs);
    if (this.#wakeAtMs !== undefined && this.#wakeAtMs <= atMs) return;
    this.#wakeAtMs = atMs;
    this.#inThisLife(atMs - this.timeline.nowMs, () => {
      if (this.#wakeAtMs !== atMs) return;
      this.#wakeAtMs = undefined;
      this.#zab({ kind: 'timer' });
    });
  }
}

/** A message's type is its first byte. */
function typeOf(event: ReplicaEvent): number | undefined {
  return event.kind === 'zab' && event.event.kind === 'message' ? event.event.bytes[event.event.start] : undefined;
}

/** Whether something may have been committed: of most messages that is not so, and a status takes its time. */
function mayCommit(event: ReplicaEvent): boolean {
  if (event.kind !== 'zab') return event.kind === 'persisted' || event.kind === 'journal_failed';
  const type = typeOf(event);
  return type === undefined ? event.event.kind !== 'notified' : !quietTypes.has(type);
}

const snapshotType = typeByte({ kind: 'snapshot', zxid: 0 });
const newLeaderType = typeByte({ kind: 'new_leader', epoch: 0, membership: { version: 0, members: [] } });
const quietTypes: ReadonlySet<number> = new Set([
  typeByte({ kind: 'ping', round: 0 }),
  typeByte({ kind: 'pong', round: 0 }),
  typeByte({ kind: 'carried' }),
  typeByte({ kind: 'propose', zxid: 0, origin: undefined, membership: undefined }),
]);

function typeByte(message: Message): number {
  const writer = new Writer();
  writeMessage(writer, message);
  return writer.view()[LENGTH_BYTES] ?? 0;
}
