import { invariant, unreachable } from '@reeve/base';
import { Reader } from '@reeve/wire';
import { Confirmations } from './confirmations.ts';
import type { LinkId } from './event.ts';
import type { Entry, Origin } from './host.ts';
import { type LeadingPhase, statusPhases } from './leading-phase.ts';
import type { LearnerLink } from './learner-link.ts';
import { Learners } from './learners.ts';
import { hex, type Member } from './member.ts';
import type { MemberId, Membership } from './membership.ts';
import { type Message, PROTOCOL_VERSION } from './message.ts';
import type { Notification } from './notification.ts';
import type { Quorum } from './quorum.ts';
import type { EarlyLink, Election, OpenedLink, Received, Role, RoleStatus } from './role.ts';
import { announceEpoch, sendHistory } from './send-history.ts';
import { compareVotes } from './vote.ts';
import { counterOf, epochOf, firstZxid, nextZxid } from './zxid.ts';

type MessageOf<K extends Message['kind']> = Extract<Message, { kind: K }>;

/** A leader whose counter is as good as used up, because no quorum lets it roll the epoch, gives up. */
const COUNTER_MAX = 2 ** 32 - 65_536;

/** Leads: chooses an epoch, brings learners to its history, proposes, and says what is agreed on. */
export class Leading implements Role {
  readonly #member: Member;
  readonly #election: Election;
  readonly #early: readonly EarlyLink[];
  readonly #startedMs: number;
  readonly #learners = new Learners();
  readonly #payload = new Reader();
  readonly #confirmations: Confirmations;
  /** Participants that look for a leader in a later round: they will not come. */
  readonly #strayed = new Set<MemberId>();
  #phase: LeadingPhase = 'discovering';
  #epoch = 0;
  /** The last epoch that this member has on its disk as its current one. */
  #begun = 0;
  /** The epoch that learners were asked to promise while the present one goes on. */
  #rollingTo: number | undefined;
  #quorum: Quorum;
  #pingAtMs: number;

  constructor(member: Member, { election, early }: { election: Election; early: readonly EarlyLink[] }) {
    this.#member = member;
    this.#election = election;
    this.#early = early;
    this.#startedMs = member.nowMs;
    this.#pingAtMs = member.nowMs + member.options.pingIntervalMs;
    this.#quorum = member.quorumInCharge();
    this.#confirmations = new Confirmations(member, this.#learners);
  }

  get wakeAtMs(): number | undefined {
    return this.#learners.size === 0 && this.#member.alone ? undefined : this.#pingAtMs;
  }

  get lastProposed(): number {
    return Math.max(this.#member.history.last, this.#member.issued);
  }

  /** The zxid of the next proposal: the first of an epoch has the counter 1. */
  get nextZxid(): number {
    const last = this.lastProposed;
    return this.#member.solitary || epochOf(last) === this.#epoch ? nextZxid(last) : firstZxid(this.#epoch);
  }

  linkTo(peer: MemberId): LinkId | undefined {
    return this.#learners.hasCaughtUp(peer) ? this.#learners.of(peer)?.link : undefined;
  }

  begin(): void {
    const member = this.#member;
    if (member.solitary) return this.#establishAlone();
    for (const early of this.#early) {
      const learner = this.#adopt(early);
      if (early.join !== undefined) this.#joined(learner, early.join);
    }
    this.#discover();
  }

  end(): void {
    const { host, history } = this.#member;
    for (const { link } of this.#learners.all) this.#member.close(link);
    if (this.#phase === 'established') host.looks();
    else this.#member.failures += 1;
    history.forgetHeld();
  }

  notified({ from, state, round }: Notification): void {
    const member = this.#member;
    if (state !== 'looking') return;
    member.notify(from, this.#election, 'leading');
    if (this.#phase === 'established' || round <= this.#election.round || this.#learners.of(from) !== undefined) return;
    this.#strayed.add(from);
    if (!member.quorum.reached((id) => !this.#strayed.has(id))) this.#resign('others look for a leader again');
  }

  opened({ link, peer, origin }: OpenedLink): void {
    if (origin === 'dialled') return this.#member.close(link);
    const earlier = this.#learners.of(peer);
    if (earlier !== undefined) this.#dismiss(earlier, 'it came again');
    if (!this.#member.turning) this.#adopt({ link, peer });
  }

  closed(link: LinkId): void {
    const learner = this.#learners.at(link);
    if (learner !== undefined) this.#part(learner, 'the link to it is gone');
  }

  timer(): void {
    const { nowMs, options } = this.#member;
    if (this.wakeAtMs === undefined) return;
    for (const silent of this.#learners.silent(nowMs, options)) this.#dismiss(silent, 'it was silent for too long');
    if (this.#member.turning) return;
    if (this.#phase !== 'established' && nowMs - this.#startedMs >= options.initTimeoutMs) {
      return this.#resign(`no quorum followed in ${options.initTimeoutMs} ms`);
    }
    if (nowMs < this.#pingAtMs) return;
    this.#pingAtMs = nowMs + options.pingIntervalMs;
    this.#confirmations.ping();
  }

  advanced(): void {
    this.#release();
    this.#establish();
    this.#advance();
  }

  status(): RoleStatus {
    const { nowMs, id } = this.#member;
    return {
      role: this.#member.membership.members.length === 1 ? 'alone' : 'leading',
      phase: statusPhases[this.#phase],
      leader: id,
      learners: this.#learners.all.map((learner) => learner.status(this.#member.roleOf(learner.peer), nowMs)),
    };
  }

  /** Puts an entry to the vote. */
  propose(entry: Entry, origin: Origin | undefined, membership: Membership | undefined): void {
    invariant(this.#phase === 'established', 'only who leads proposes');
    invariant(entry.zxid === this.nextZxid, 'proposals are numbered without gaps');
    const member = this.#member;
    member.issued = entry.zxid;
    if (membership !== undefined) this.#leaveSolitude();
    if (member.solitary) return member.history.pass(entry);
    const { zxid, payload } = entry;
    const { history } = member;
    history.append({ zxid, origin, membership }, this.#payload.reset(payload));
    member.tally.proposed(zxid, payload.length, member.nowMs);
    if (membership !== undefined) this.#quorum = member.quorumInCharge();
    const index = history.recent.end - 1;
    this.#learners.forListening(({ link }) => history.recent.writeProposal(index, member.outbox.writer(link)));
    if (this.#rollingTo === undefined && counterOf(zxid) >= member.options.counterRollAt) this.#roll();
    if (counterOf(zxid) >= COUNTER_MAX) this.#resign('the epoch has no zxids left');
  }

  /** Asks whether a quorum still follows; the host is told when it does. */
  confirm(token: number): void {
    this.#confirmations.confirm(token, this.#quorum);
  }

  received({ link, message, reader }: Received): void {
    const learner = this.#learners.at(link);
    if (learner === undefined || this.#member.turning) return;
    learner.heardMs = this.#member.nowMs;
    switch (message.kind) {
      case 'ack':
        return this.#acked(learner, message.zxid);
      case 'pong':
        return this.#confirmations.ponged(learner, message.round, this.#quorum);
      case 'carried':
        return this.#carried(learner, reader);
      case 'join':
        return this.#joined(learner, message);
      case 'promise':
        return this.#promised(learner, message);
      case 'ack_epoch':
        return this.#ackedEpoch(learner, message);
      case 'rolled':
        learner.rolledTo = message.epoch;
        return this.#completeRoll();
      case 'epoch':
      case 'refused':
      case 'truncate':
      case 'snapshot':
      case 'slice':
      case 'snapshot_end':
      case 'propose':
      case 'commit':
      case 'new_leader':
      case 'up_to_date':
      case 'ping':
      case 'roll':
        return this.#dismiss(learner, 'it speaks like a leader');
      default:
        return unreachable(message);
    }
  }

  #establishAlone(): void {
    const { history } = this.#member;
    this.#epoch = epochOf(this.lastProposed);
    this.#begun = this.#epoch;
    history.commit(history.last);
    this.#lead();
  }

  /** From the first other member on, this one's word must be on its disk, and its log is kept for others. */
  #leaveSolitude(): void {
    const member = this.#member;
    if (!member.solitary) return;
    this.#epoch = epochOf(this.nextZxid);
    this.#begun = this.#epoch;
    member.promise({ acceptedEpoch: this.#epoch, currentEpoch: this.#epoch });
  }

  #adopt(link: { link: LinkId; peer: MemberId }): LearnerLink {
    this.#strayed.delete(link.peer);
    return this.#learners.add(link, this.#member.nowMs);
  }

  #joined(learner: LearnerLink, join: MessageOf<'join'>): void {
    if (learner.phase.kind !== 'joining') return this.#dismiss(learner, 'it joined twice');
    if (join.protocolVersion !== PROTOCOL_VERSION) return this.#refuse(learner, join.protocolVersion);
    learner.phase = { kind: 'joining', join };
    this.#leaveSolitude();
    // Its promise of this epoch may have been to another, or got lost: it cannot be counted.
    if (this.#phase === 'asking' && join.acceptedEpoch >= this.#epoch) this.#phase = 'discovering';
    if (this.#phase === 'discovering') this.#discover();
    else this.#ask(learner);
  }

  #refuse(learner: LearnerLink, theirs: number): void {
    const facts = { ours: PROTOCOL_VERSION, theirs };
    this.#member.note(`member ${learner.peer} speaks another protocol: upgrade one of the two`, facts, 'warn');
    this.#member.send(learner.link, { kind: 'refused', protocolVersion: PROTOCOL_VERSION });
    this.#dismiss(learner, 'it speaks another protocol');
  }

  #discover(): void {
    if (this.#phase !== 'discovering') return;
    const joined = (id: MemberId) => id === this.#member.id || this.#learners.hasJoined(id);
    if (!this.#quorum.reached(joined)) return;
    this.#epoch = this.#freshEpoch();
    this.#member.promise({ acceptedEpoch: this.#epoch });
    this.#phase = 'asking';
    for (const learner of this.#learners.all) this.#ask(learner);
    this.#synchronize();
  }

  /** An epoch that nobody here has promised to anybody. */
  #freshEpoch(): number {
    const { acceptedEpoch } = this.#member.epochs;
    return Math.max(acceptedEpoch, epochOf(this.lastProposed), this.#learners.acceptedEpochMax) + 1;
  }

  /**
   * Tells a learner the epoch, if it does not know it: the one that is about to begin, if one is, as that may need its
   * promise. One that was promised before, to whomever, counts for nothing then.
   */
  #ask(learner: LearnerLink): void {
    const { phase } = learner;
    if (phase.kind === 'catching_up' || phase.kind === 'caught_up') return;
    const epoch = this.#rollingTo ?? this.#epoch;
    const join = this.#learners.joinOf(learner.peer);
    if (phase.kind === 'joining' ? join === undefined : phase.epoch === epoch) return;
    const promisedMax = this.#rollingTo === undefined ? epoch : epoch - 1;
    if (join !== undefined && join.acceptedEpoch > promisedMax) return this.#askForLater(learner);
    learner.phase = { kind: 'asked', epoch };
    this.#member.send(learner.link, { kind: 'epoch', protocolVersion: PROTOCOL_VERSION, epoch });
  }

  /** A learner that has promised a later epoch can only follow into one that is later still. */
  #askForLater({ peer }: LearnerLink): void {
    if (this.#phase === 'established') this.#roll();
    else this.#resign(`member ${peer} has promised a later epoch`);
  }

  #promised(learner: LearnerLink, promise: MessageOf<'promise'>): void {
    const { phase } = learner;
    if (phase.kind !== 'asked') return this.#dismiss(learner, 'it was not asked');
    // It is about to hear of a later epoch.
    if (promise.epoch !== phase.epoch) return;
    const { epoch, counted, currentEpoch, lastZxid } = promise;
    learner.phase = { kind: 'promised', epoch, counted, log: promise };
    if (counted === 'yes') learner.rolledTo = epoch;
    const isRolling = epoch === this.#rollingTo;
    if (this.#phase !== 'asking' && !isRolling) return this.#bringUp(learner);
    // Who has more may have it from a later leader, to whom a quorum has listened: this one must not go on without it.
    const own = this.#member.ownVote;
    const theirs = { leader: this.#member.id, epoch: currentEpoch, zxid: lastZxid };
    if (this.#member.roleOf(learner.peer) === 'participant' && compareVotes(theirs, own) > 0) {
      return this.#resign(`member ${learner.peer} has more: epoch ${currentEpoch}, zxid ${hex(lastZxid)}`);
    }
    if (isRolling) return this.#completeRoll();
    this.#synchronize();
  }

  /** With a quorum of promises nobody else can lead an earlier epoch, nor this one: this history is the one. */
  #synchronize(): void {
    if (this.#phase !== 'asking') return;
    const hasPromised = (id: MemberId) => id === this.#member.id || this.#learners.hasPromised(id);
    if (!this.#quorum.reached(hasPromised)) return;
    this.#phase = 'synchronizing';
    this.#member.history.beginEpoch(this.#epoch);
    this.#release();
    for (const learner of this.#learners.all) this.#bringUp(learner);
    this.#establish();
  }

  /** Sends a learner the history, and counts it among those that listen. */
  #bringUp(learner: LearnerLink): void {
    const { phase } = learner;
    const { history } = this.#member;
    if (phase.kind !== 'promised') return;
    // What was not kept can only come with a snapshot, in which it must be.
    if (history.applied < history.recent.base || this.#rollingTo !== undefined) return;
    if (phase.epoch < this.#epoch) return this.#ask(learner);
    learner.phase = { kind: 'catching_up' };
    sendHistory(this.#member, learner, phase.log);
    if (this.#phase === 'established') {
      this.#member.send(learner.link, { kind: 'commit', zxid: history.committed });
    }
    announceEpoch(this.#member, learner, this.#epoch);
  }

  #ackedEpoch(learner: LearnerLink, { zxid }: MessageOf<'ack_epoch'>): void {
    if (!learner.listens) return this.#dismiss(learner, 'it acknowledges what it was not sent');
    learner.acked = Math.max(learner.acked, zxid);
    if (learner.phase.kind === 'catching_up') {
      learner.phase = { kind: 'caught_up' };
      if (this.#phase === 'established') this.#welcome(learner);
    }
    this.#establish();
    this.#advance();
  }

  #welcome(learner: LearnerLink): void {
    this.#member.send(learner.link, { kind: 'up_to_date', zxid: this.#member.history.committed });
    this.#member.note(`member ${learner.peer} follows`, { acked: hex(learner.acked), epoch: this.#epoch });
  }

  /** The leader is its own learner: what it says of its disk counts only behind the same gate. */
  #release(): void {
    this.#member.history.release((epoch) => {
      this.#member.promise({ currentEpoch: epoch });
      this.#begun = epoch;
    });
  }

  #establish(): void {
    if (this.#phase !== 'synchronizing') return;
    const isThere = (id: MemberId) =>
      id === this.#member.id ? this.#begun === this.#epoch : this.#learners.hasCaughtUp(id);
    if (!this.#quorum.reached(isThere)) return;
    const { history } = this.#member;
    history.commit(history.last);
    for (const learner of this.#learners.all) {
      if (learner.caughtUp) this.#welcome(learner);
      else if (learner.listens) this.#member.send(learner.link, { kind: 'commit', zxid: history.committed });
    }
    this.#lead();
  }

  /** What it had in its log is agreed on now: from here on it proposes. */
  #lead(): void {
    const member = this.#member;
    const { history, nowMs } = member;
    this.#phase = 'established';
    member.failures = 0;
    member.tally.serves(nowMs);
    history.deliver(member, history.committed, (change) => member.reconfigure(change));
    this.#quorum = member.quorumInCharge();
    member.note('leading', { epoch: this.#epoch, last: hex(history.last), tookMs: nowMs - this.#startedMs });
    member.host.leads(this.#epoch);
    for (const learner of this.#learners.all) {
      this.#ask(learner);
      this.#bringUp(learner);
    }
    this.#resignUnlessAsked();
  }

  #acked(learner: LearnerLink, zxid: number): void {
    if (!learner.caughtUp) return this.#dismiss(learner, 'it acknowledges what it was not sent');
    learner.acked = Math.max(learner.acked, zxid);
    this.#advance();
  }

  /** Says what is agreed on, when that is more than before. */
  #advance(): void {
    if (this.#phase !== 'established') return;
    const member = this.#member;
    const { history } = member;
    const acked = this.#quorum.least((id) => {
      if (id === member.id) return history.persisted;
      const learner = this.#learners.of(id);
      return learner?.caughtUp ? learner.acked : 0;
    });
    // A change of the membership waits for the leader's own disk too: who is told of it may ask for the next one at once.
    const change = history.recent.changeAfter(history.persisted);
    const agreed = change === undefined ? acked : Math.min(acked, change - 1);
    if (agreed > history.committed) {
      const entries = history.recent.indexAfter(agreed) - history.recent.indexAfter(history.committed);
      member.tally.committed(agreed, entries, member.nowMs);
      history.commit(agreed);
      this.#learners.forListening(({ link }) => member.send(link, { kind: 'commit', zxid: agreed }));
    }
    this.#apply(history.applicable);
  }

  #apply(zxid: number): void {
    const member = this.#member;
    if (zxid <= member.history.applied) return;
    const changes = member.history.applyUpTo(zxid);
    member.host.agreed(zxid);
    for (const membership of changes) member.reconfigure(membership);
    if (changes.length > 0) this.#quorum = member.quorumInCharge();
    for (const learner of this.#learners.all) this.#bringUp(learner);
    if (changes.length > 0) this.#resignUnlessAsked();
  }

  #resignUnlessAsked(): void {
    if (this.#member.roleOf(this.#member.id) !== 'participant') return this.#resign('it is no participant any more');
    this.#resignWithoutQuorum();
  }

  #carried(learner: LearnerLink, reader: Reader): void {
    if (!learner.caughtUp) return this.#dismiss(learner, 'it speaks before it has caught up');
    if (this.#member.handUp(learner.peer, reader) === 'no') this.#dismiss(learner, 'it says what is not understood');
  }

  /** Asks for promises of a later epoch, or of one later still, while proposals of this one go on. */
  #roll(): void {
    const epoch = this.#freshEpoch();
    this.#rollingTo = epoch;
    this.#member.promise({ acceptedEpoch: epoch });
    this.#member.note('rolling the epoch', { from: this.#epoch, to: epoch, last: hex(this.lastProposed) });
    for (const learner of this.#learners.all) {
      if (learner.listens) this.#member.send(learner.link, { kind: 'roll', epoch });
      else this.#ask(learner);
    }
    this.#completeRoll();
  }

  #completeRoll(): void {
    const epoch = this.#rollingTo;
    if (epoch === undefined) return;
    const promised = (id: MemberId) => id === this.#member.id || this.#learners.of(id)?.rolledTo === epoch;
    if (!this.#quorum.reached(promised)) return;
    this.#rollingTo = undefined;
    this.#epoch = epoch;
    this.#member.history.beginEpoch(epoch);
    this.#release();
    for (const learner of this.#learners.all) {
      if (learner.listens) announceEpoch(this.#member, learner, this.#epoch);
      this.#ask(learner);
      this.#bringUp(learner);
    }
  }

  /** Closes the link to a learner. */
  #dismiss(learner: LearnerLink, why: string): void {
    this.#member.close(learner.link);
    this.#part(learner, why);
  }

  #part(learner: LearnerLink, why: string): void {
    this.#learners.remove(learner);
    this.#member.note(`member ${learner.peer} is gone`, { why, phase: learner.phase.kind }, 'warn');
    if (this.#phase !== 'established') return;
    if (learner.listens) this.#member.host.parted(learner.peer);
    this.#resignWithoutQuorum();
  }

  #resignWithoutQuorum(): void {
    const follows = (id: MemberId) => id === this.#member.id || this.#learners.hasCaughtUp(id);
    if (!this.#member.quorum.reached(follows)) this.#resign('no quorum follows any more');
  }

  #resign(why: string): void {
    if (this.#member.turning) return;
    this.#member.note('leading no more', { why, epoch: this.#epoch }, 'warn');
    this.#member.turn({ to: 'looking', why: `led no more: ${why}` });
  }
}
