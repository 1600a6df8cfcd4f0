import { unreachable } from '@reeve/base';
import type { Reader } from '@reeve/wire';
import type { LinkId } from './event.ts';
import { hex, type Member } from './member.ts';
import type { MemberId } from './membership.ts';
import { type Message, PROTOCOL_VERSION } from './message.ts';
import type { Notification } from './notification.ts';
import { Restoring } from './restoring.ts';
import type { Election, OpenedLink, Received, Role, RoleStatus } from './role.ts';

type MessageOf<K extends Message['kind']> = Extract<Message, { kind: K }>;

/** How far a learner has come with its leader. */
type Phase =
  | { readonly kind: 'dialling' }
  | { readonly kind: 'joining' }
  /** It has promised an epoch, and gets the leader's history. */
  | { readonly kind: 'catching_up' }
  /** It has the history on its disk, and acknowledges what follows; it serves when all up to `upTo` is applied. */
  | { readonly kind: 'caught_up'; readonly upTo: number | undefined }
  | { readonly kind: 'following' };

const statusPhases = {
  dialling: 'discovering',
  joining: 'discovering',
  catching_up: 'synchronizing',
  caught_up: 'synchronizing',
  following: 'serving',
} as const satisfies Record<Phase['kind'], RoleStatus['phase']>;

/** Follows or observes a leader: gets its history, then everything it proposes. */
export class Learning implements Role {
  readonly #member: Member;
  readonly #election: Election;
  readonly #leader: MemberId;
  readonly #startedMs: number;
  #phase: Phase = { kind: 'dialling' };
  #link: LinkId | undefined;
  #restoring: Restoring | undefined;
  #heardMs: number;
  #stirredMs: number;

  constructor(member: Member, election: Election) {
    this.#member = member;
    this.#election = election;
    this.#leader = election.vote.leader;
    this.#startedMs = member.nowMs;
    this.#heardMs = member.nowMs;
    this.#stirredMs = member.nowMs;
  }

  get wakeAtMs(): number {
    if (this.#restoring !== undefined) return this.#stirredMs + this.#member.options.pingIntervalMs;
    return this.#deadlineMs;
  }

  /** When this member has waited for too long. */
  get #deadlineMs(): number {
    const { initTimeoutMs, syncTimeoutMs, resendMsMax } = this.#member.options;
    switch (this.#phase.kind) {
      case 'dialling':
        // Whoever is not even reached may have died while it was elected.
        return this.#startedMs + Math.min(initTimeoutMs, resendMsMax);
      case 'joining':
        return this.#startedMs + initTimeoutMs;
      case 'catching_up':
        return this.#heardMs + initTimeoutMs;
      case 'caught_up':
      case 'following':
        return this.#heardMs + syncTimeoutMs;
      default:
        return unreachable(this.#phase);
    }
  }

  linkTo(member: MemberId): LinkId | undefined {
    return member === this.#leader && this.#phase.kind === 'following' ? this.#link : undefined;
  }

  begin(): void {
    this.#member.outbox.dial = { leader: this.#leader };
  }

  end(): void {
    const member = this.#member;
    member.outbox.dial = { leader: undefined };
    if (this.#link !== undefined) member.close(this.#link);
    if (this.#phase.kind === 'following') member.host.looks();
    else member.failures += 1;
    member.history.forgetHeld();
  }

  notified({ from, state, vote, round }: Notification): void {
    const member = this.#member;
    if (state === 'looking') member.notify(from, this.#election, this.#state);
    if (from !== this.#leader || (this.#phase.kind !== 'dialling' && this.#phase.kind !== 'joining')) return;
    const looksAgain = state === 'looking' && round > this.#election.round;
    const prefersAnother = round >= this.#election.round && vote.leader !== this.#leader;
    if (looksAgain || prefersAnother) this.#leave('it does not lead');
  }

  opened({ link, peer, origin }: OpenedLink): void {
    const member = this.#member;
    if (origin === 'accepted' || peer !== this.#leader || this.#phase.kind !== 'dialling') return member.close(link);
    this.#link = link;
    this.#phase = { kind: 'joining' };
    this.#heardMs = member.nowMs;
    member.send(link, {
      kind: 'join',
      protocolVersion: PROTOCOL_VERSION,
      role: member.roleOf(member.id),
      acceptedEpoch: member.epochs.acceptedEpoch,
      membershipVersion: member.membership.version,
    });
  }

  closed(link: LinkId): void {
    if (link !== this.#link) return;
    this.#link = undefined;
    this.#leave('the link to it is gone');
  }

  timer(): void {
    const { nowMs, options } = this.#member;
    if (nowMs >= this.#deadlineMs) return this.#leave('it was silent for too long');
    if (this.#restoring === undefined || nowMs < this.#stirredMs + options.pingIntervalMs) return;
    // A large snapshot takes longer than a leader waits for a sign of life.
    this.#stirredMs = nowMs;
    this.#send({ kind: 'pong', round: 0 });
  }

  advanced(): void {
    if (this.#restoring?.stage === 'installing' && this.#member.history.disk === 'open') this.#restoring = undefined;
    // What it acknowledges before it has the epoch on its disk would not survive an election.
    const acknowledges = this.#phase.kind === 'caught_up' || this.#phase.kind === 'following';
    this.#release();
    if (acknowledges) this.#send({ kind: 'ack', zxid: this.#member.history.persisted });
    this.#deliver();
  }

  status(): RoleStatus {
    const role = this.#member.roleOf(this.#member.id) === 'participant' ? 'following' : 'observing';
    return { role, phase: statusPhases[this.#phase.kind], leader: this.#leader, learners: [] };
  }

  received({ link, message, reader }: Received): void {
    if (link !== this.#link || this.#member.turning) return;
    this.#heardMs = this.#member.nowMs;
    switch (message.kind) {
      case 'propose':
        return this.#proposed(message, reader);
      case 'commit':
        return this.#committed(message.zxid);
      case 'ping':
        return this.#send({ kind: 'pong', round: message.round });
      case 'carried':
        return this.#carried(reader);
      case 'epoch':
        return this.#promise(message.epoch);
      case 'refused':
        return this.#refused(message.protocolVersion);
      case 'truncate':
        return this.#truncate(message.zxid);
      case 'snapshot':
      case 'slice':
      case 'snapshot_end':
        return this.#restore(message);
      case 'new_leader':
        return this.#beginEpoch(message, reader);
      case 'up_to_date':
        return this.#caughtUp(message.zxid);
      case 'roll':
        return this.#roll(message.epoch);
      case 'join':
      case 'promise':
      case 'ack_epoch':
      case 'ack':
      case 'pong':
      case 'rolled':
        return this.#leave('it speaks like a learner');
      default:
        return unreachable(message);
    }
  }

  get #state(): Notification['state'] {
    return this.#member.roleOf(this.#member.id) === 'participant' ? 'following' : 'observing';
  }

  #send(message: Message): void {
    if (this.#link !== undefined) this.#member.send(this.#link, message);
  }

  #leave(why: string): void {
    const member = this.#member;
    if (member.turning) return;
    member.note(`leaving leader ${this.#leader}`, { why, phase: this.#phase.kind }, 'warn');
    member.lookAgain(`left leader ${this.#leader}: ${why}`);
  }

  #promise(epoch: number): void {
    const { epochs, history } = this.#member;
    if (this.#phase.kind !== 'joining' && this.#phase.kind !== 'catching_up') return this.#leave('it begins anew');
    if (epoch < epochs.acceptedEpoch) {
      return this.#leave(`its epoch is ${epoch}, and ${epochs.acceptedEpoch} was promised to another`);
    }
    const counted = epoch > epochs.acceptedEpoch ? 'yes' : 'no';
    if (counted === 'yes') this.#member.promise({ acceptedEpoch: epoch });
    this.#phase = { kind: 'catching_up' };
    const { last: lastZxid, applied: appliedZxid } = history;
    this.#send({ kind: 'promise', epoch, counted, currentEpoch: epochs.currentEpoch, lastZxid, appliedZxid });
  }

  #refused(theirs: number): void {
    const facts = { ours: PROTOCOL_VERSION, theirs };
    this.#member.note(`leader ${this.#leader} speaks another protocol: upgrade one of the two`, facts, 'warn');
    this.#leave('it speaks another protocol');
  }

  #truncate(zxid: number): void {
    const { history } = this.#member;
    if (zxid < history.applied) return this.#leave('it would cut off what is applied');
    this.#member.note('cutting the log', { after: hex(zxid), was: hex(history.last), leader: this.#leader });
    history.truncate(zxid);
  }

  #restore(message: MessageOf<'snapshot' | 'slice' | 'snapshot_end'>): void {
    if (message.kind === 'snapshot') {
      this.#member.note('taking a snapshot of the leader', { zxid: hex(message.zxid), leader: this.#leader });
      this.#restoring = new Restoring(this.#member, message.zxid);
    } else if (this.#restoring === undefined) {
      this.#leave('it sends a part of a snapshot');
    } else if (message.kind === 'slice') {
      this.#restoring.slice(message.bytes);
    } else {
      this.#restoring.end(message.lastZxidSeen);
    }
  }

  #proposed(entry: MessageOf<'propose'>, payload: Reader): void {
    const { history } = this.#member;
    if (entry.zxid <= history.last) return this.#leave(`it proposed ${hex(entry.zxid)} out of order`);
    this.#member.tally.received += 1;
    history.append(entry, payload);
  }

  #carried(reader: Reader): void {
    if (this.#member.handUp(this.#leader, reader) === 'no') this.#leave('it says what is not understood');
  }

  #committed(zxid: number): void {
    this.#member.history.commit(zxid);
    this.#deliver();
  }

  #beginEpoch({ epoch, membership }: MessageOf<'new_leader'>, reader: Reader): void {
    if (epoch !== this.#member.epochs.acceptedEpoch) return this.#leave(`it begins epoch ${epoch} without a promise`);
    this.#member.host.readShared(reader);
    this.#member.reconfigure(membership);
    this.#member.history.beginEpoch(epoch);
    this.#release();
    this.#deliver();
  }

  #caughtUp(zxid: number): void {
    if (this.#phase.kind !== 'caught_up') return this.#leave('it takes an unknown history for known');
    this.#phase = { kind: 'caught_up', upTo: zxid };
    this.#committed(zxid);
  }

  #roll(epoch: number): void {
    if (epoch <= this.#member.epochs.acceptedEpoch) return this.#leave(`epoch ${epoch} was promised to another`);
    this.#member.promise({ acceptedEpoch: epoch });
    this.#send({ kind: 'rolled', epoch });
  }

  /** The log first, then the epoch, then word of both: a history that is not whole must not look as if it were. */
  #release(): void {
    const { history } = this.#member;
    history.release((epoch) => {
      this.#member.promise({ currentEpoch: epoch });
      this.#send({ kind: 'ack_epoch', epoch, zxid: history.persisted });
      if (this.#phase.kind !== 'catching_up') return;
      this.#phase = { kind: 'caught_up', upTo: undefined };
    });
  }

  #deliver(): void {
    const { history, host } = this.#member;
    if (this.#restoring !== undefined) return this.#restoring.deliver();
    history.deliver(this.#member, history.applicable, (change) => this.#member.reconfigure(change));
    if (this.#phase.kind !== 'caught_up' || this.#phase.upTo === undefined) return;
    if (history.applied < this.#phase.upTo) return;
    this.#phase = { kind: 'following' };
    this.#member.failures = 0;
    const { nowMs, tally } = this.#member;
    const tookMs = nowMs - this.#startedMs;
    tally.syncs.note(tookMs);
    tally.serves(nowMs);
    this.#member.note(`following ${this.#leader}`, { epoch: this.#member.epochs.currentEpoch, tookMs });
    host.follows(this.#leader);
  }
}
