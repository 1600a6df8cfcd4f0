import { type Reader, WireError, type Writer } from '@reeve/wire';
import type { LinkId } from './event.ts';
import { History } from './history.ts';
import type { ZabHost } from './host.ts';
import type { MemberId, Membership } from './membership.ts';
import { beginMessage, type Message, writeMessage } from './message.ts';
import type { Notification, Vote } from './notification.ts';
import type { ZabOptions } from './options.ts';
import type { Epochs, ZabNote, ZabOutbox } from './outbox.ts';
import { Quorum } from './quorum.ts';
import type { EarlyLink, Election, Transition } from './role.ts';
import { Tally } from './tally.ts';
import { epochOf } from './zxid.ts';

/** What a member has whatever its role: its log, its word, who belongs to the ensemble, the time. */
export class Member {
  readonly options: ZabOptions;
  readonly host: ZabHost;
  readonly outbox: ZabOutbox;
  readonly history: History;
  readonly tally = new Tally();
  /** Made by events alone. */
  nowMs = 0;
  /** Elections that this member took part in. */
  round = 0;
  /** Tries to follow that came to nothing since it last led or followed. */
  failures = 0;
  /** The last zxid that this member gave away as a leader, even if it came to nothing. */
  issued = 0;
  #membership: Membership;
  #quorum: Quorum;
  #epochs: Epochs | undefined;
  #next: Transition | undefined;

  constructor(options: ZabOptions, host: ZabHost, outbox: ZabOutbox) {
    this.options = options;
    this.host = host;
    this.outbox = outbox;
    this.history = new History(outbox, options);
    this.#membership = options.membership;
    this.#quorum = new Quorum([options.membership]);
    this.#epochs = options.epochs;
  }

  get id(): MemberId {
    return this.options.id;
  }

  get membership(): Membership {
    return this.#membership;
  }

  /** Who must agree by the membership in force; more may be asked while it changes. */
  get quorum(): Quorum {
    return this.#quorum;
  }

  /** By the membership in force and by those that were proposed after it and may come into force. */
  quorumInCharge(): Quorum {
    const { history } = this;
    const decided = Math.max(history.applied, this.#membership.version);
    return new Quorum([this.#membership, ...history.recent.membershipsAfter(decided)]);
  }

  /** Whoever is not in the membership is treated as an observer: it may follow, and is not asked. */
  roleOf(id: MemberId): 'participant' | 'observer' {
    return this.#membership.members.find((member) => member.id === id)?.role ?? 'observer';
  }

  belongs(id: MemberId): boolean {
    return this.#membership.members.some((member) => member.id === id);
  }

  /**
   * An ensemble of one that never had company: nobody can hold an entry it lost, so that it needs no epochs and keeps
   * nothing for others.
   */
  get solitary(): boolean {
    return this.#epochs === undefined && this.#membership.members.length === 1 && this.belongs(this.id);
  }

  /** Whether this member is a quorum by itself. */
  get alone(): boolean {
    return this.#quorum.reached((id) => id === this.id);
  }

  get epochs(): Epochs {
    if (this.#epochs !== undefined) return this.#epochs;
    const epoch = epochOf(this.history.last);
    return { acceptedEpoch: epoch, currentEpoch: epoch };
  }

  /** Gives this member's word, which is on disk before anything that the same outbox says. */
  promise(epochs: Partial<Epochs>): void {
    this.#epochs = { ...this.epochs, ...epochs };
    this.outbox.epochs = this.#epochs;
  }

  /** Puts a membership in force. An older one is passed over: a learner may hear of the newer one first. */
  reconfigure(membership: Membership): void {
    if (membership.version <= this.#membership.version) return;
    this.#membership = membership;
    this.#quorum = new Quorum([membership]);
    this.note('the membership changed', { version: hex(membership.version), members: membershipText(membership) });
    this.host.reconfigured(membership);
  }

  /** Asks for another role; it is taken at the end of the step, and the first who asks decides. */
  turn(to: Transition): void {
    this.#next ??= to;
  }

  /**
   * Asks to look for a leader. Within a snapshot the host holds a part of another's history, and the disk all of its own,
   * which this member has acknowledged: then only the disk can be trusted, and is loaded again.
   */
  lookAgain(why: string): void {
    if (this.history.disk !== 'replacing') return this.turn({ to: 'looking', why });
    this.turn({ to: 'failed', failure: 'reload_needed', why: `within a snapshot: ${why}` });
  }

  /** Whether the present role is over. */
  get turning(): boolean {
    return this.#next !== undefined;
  }

  takeTransition(): Transition | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }

  send(link: LinkId, message: Message): void {
    writeMessage(this.outbox.writer(link), message);
  }

  /** Sends a message that ends with what `rest` writes. */
  sendWith(link: LinkId, message: Message, rest: (writer: Writer) => void): void {
    const writer = this.outbox.writer(link);
    const start = beginMessage(writer, message);
    rest(writer);
    writer.endFrame(start);
  }

  /** Hands to the host what another host says. */
  handUp(from: MemberId, reader: Reader): 'yes' | 'no' {
    try {
      this.host.carried(from, reader);
      return 'yes';
    } catch (error) {
      if (error instanceof WireError) return 'no';
      throw error;
    }
  }

  close(link: LinkId): void {
    this.outbox.closing.push(link);
  }

  /** Says how this member votes. */
  notify(to: MemberId, { vote, round }: Election, state: Notification['state']): void {
    this.outbox.notifications.set(to, { from: this.id, vote, round, state, membership: this.#membership });
  }

  notifyAll(election: Election, state: Notification['state']): void {
    for (const { id } of this.#membership.members) if (id !== this.id) this.notify(id, election, state);
  }

  note(message: string, facts: ZabNote['facts'], level: ZabNote['level'] = 'info'): void {
    this.outbox.notes.push({ level, message, facts });
  }

  /** How this member would vote if it were alone. */
  get ownVote(): Vote {
    return { leader: this.id, epoch: this.epochs.currentEpoch, zxid: this.history.last };
  }

  /** Closes what others opened to a member that leads nobody. */
  turnAway(links: Iterable<EarlyLink>): void {
    for (const { link } of links) this.close(link);
  }
}

/** A zxid as logs and ZooKeeper's tools show it. */
export function hex(zxid: number): string {
  return `0x${zxid.toString(16)}`;
}

function membershipText({ members }: Membership): string {
  return members.map(({ id, role }) => `${id}:${role}`).join(' ');
}
