import { invariant, unreachable } from '@reeve/base';
import { Reader, WireError, type Writer } from '@reeve/wire';
import type { ZabEvent } from './event.ts';
import { Failed } from './failed.ts';
import type { Entry, Origin, ZabHost } from './host.ts';
import { Leading } from './leading.ts';
import { Learning } from './learning.ts';
import { Looking } from './looking.ts';
import { Member } from './member.ts';
import type { MemberId, Membership } from './membership.ts';
import { beginMessage, type Message, readMessage } from './message.ts';
import type { ZabOptions } from './options.ts';
import type { ZabOutbox } from './outbox.ts';
import type { Transition } from './role.ts';
import type { ZabStatus } from './status.ts';

const NEVER_MS = Number.POSITIVE_INFINITY;

/**
 * One member's part in agreement. All it learns comes through `step`; what it wants done is in the outbox afterwards,
 * which several steps may share; what is agreed on it tells its host within the step.
 *
 * @example
 * const zab = new Zab(options, host, outbox);
 * zab.startAfter(snapshot.zxid);
 * for (const entry of log) zab.logged(entry);
 * zab.start(nowMs);
 * zab.step({ kind: 'persisted', zxid }, nowMs);
 */
export class Zab {
  readonly #member: Member;
  readonly #reader = new Reader();
  #role: Looking | Leading | Learning | Failed | undefined;
  #carrying: { readonly writer: Writer; readonly start: number } | undefined;

  constructor(options: ZabOptions, host: ZabHost, outbox: ZabOutbox) {
    this.#member = new Member(options, host, outbox);
  }

  /** Says what the host has applied for good, and the membership that this brought. Before `logged`. */
  startAfter(zxid: number, membership?: Membership): void {
    this.#member.history.startAfter(zxid);
    if (membership !== undefined) this.#member.reconfigure(membership);
  }

  /** Takes an entry of the log that the host has not applied, and the membership that it brings. Before `start`. */
  logged(entry: Entry, membership?: Membership): void {
    this.#member.history.logged(entry, membership);
  }

  /** Begins: alone it leads at once, and its log is agreed on; otherwise it looks for a leader. */
  start(nowMs: number): void {
    invariant(this.#role === undefined, 'agreement starts once');
    this.#member.nowMs = nowMs;
    this.#member.turn({ to: 'looking', why: 'it starts' });
    this.#settle();
  }

  /** Takes what happened. `nowMs` is of a clock that only goes forward, whatever its origin. */
  step(event: ZabEvent, nowMs: number): void {
    const member = this.#member;
    member.nowMs = nowMs;
    this.#take(event);
    this.#settle();
    member.history.watch(nowMs, event.kind === 'persisted' ? 'persisted' : 'other');
  }

  /**
   * Says that the process was stopped, or its clock leapt, for time that no step counted. Others may have elected another
   * leader meanwhile, and what waits to be read is as old as that, no sign that anybody follows, or leads, now: so whoever
   * slept for longer than a follower may be silent looks for a leader again.
   */
  slept(ms: number): void {
    const { alone, options } = this.#member;
    const serves = this.#role instanceof Leading || this.#role instanceof Learning;
    if (alone || !serves || ms < options.syncTimeoutMs) return;
    const why = `it slept for ${Math.round(ms)} ms`;
    this.#member.note('taking part in agreement anew', { why }, 'warn');
    this.#member.lookAgain(why);
    this.#settle();
  }

  /** Says what time it is, between steps: what is proposed then is timed from there. */
  pass(nowMs: number): void {
    this.#member.nowMs = nowMs;
  }

  /** In how many milliseconds a `timer` is due, counted from the last step; undefined when nothing waits. */
  get wakeInMs(): number | undefined {
    const { nowMs, turning } = this.#member;
    if (turning) return 0;
    const atMs = Math.min(this.#role?.wakeAtMs ?? NEVER_MS, this.#diskLateAtMs);
    return atMs === NEVER_MS ? undefined : Math.max(0, atMs - nowMs);
  }

  /** The last zxid that a leader has given away. */
  get lastProposed(): number {
    return this.#leading().lastProposed;
  }

  /** The zxid of a leader's next proposal. */
  get nextZxid(): number {
    return this.#leading().nextZxid;
  }

  /**
   * Puts an entry with `nextZxid` to the vote: on a leader, from `ZabHost.leads` until `ZabHost.looks`.
   *
   * @param membership the one that holds from this entry on; until it is agreed on, the present one has a say too
   */
  propose(entry: Entry, origin?: Origin, membership?: Membership): void {
    this.#leading().propose(entry, origin, membership);
  }

  /** Asks whether a quorum follows this leader even now; `ZabHost.confirmed` answers, or `looks`. */
  confirm(token: number): void {
    this.#leading().confirm(token);
  }

  /**
   * Begins a message of the host to the member at the other end of a link: to be written to what is returned, and
   * closed by `endCarry`. In order with proposals and commits. Undefined when there is no such link: a leader has one to
   * each learner that has caught up, a learner one to its leader.
   */
  carry(to: MemberId): Writer | undefined {
    const link = this.#role?.linkTo(to);
    if (link === undefined || this.#member.turning) return undefined;
    const writer = this.#member.outbox.writer(link);
    this.#carrying = { writer, start: beginMessage(writer, { kind: 'carried' }) };
    return writer;
  }

  /** Ends what `carry` began. */
  endCarry(): void {
    invariant(this.#carrying !== undefined, 'a message was begun');
    this.#carrying.writer.endFrame(this.#carrying.start);
    this.#carrying = undefined;
  }

  /** Facts for those who operate it. */
  status(nowMs: number): ZabStatus {
    const member = this.#member;
    member.nowMs = Math.max(member.nowMs, nowMs);
    const { epochs, history, membership, tally } = member;
    const { servingSinceMs } = tally;
    const role = this.#role?.status() ?? { role: 'looking', phase: 'electing', leader: undefined, learners: [] };
    return {
      ...role,
      epoch: epochs.currentEpoch,
      acceptedEpoch: epochs.acceptedEpoch,
      lastLogged: history.last,
      lastCommitted: history.committed,
      membership,
      servingMs: servingSinceMs === undefined ? undefined : member.nowMs - servingSinceMs,
      tally,
    };
  }

  #leading(): Leading {
    invariant(this.#role instanceof Leading, 'this member leads');
    return this.#role;
  }

  #take(event: ZabEvent): void {
    const role = this.#role;
    invariant(role !== undefined, 'agreement is started before its first step');
    const { history } = this.#member;
    switch (event.kind) {
      case 'message':
        return this.#message(event);
      case 'persisted':
        history.persist(event.zxid);
        return this.#advanced();
      case 'truncated':
        history.truncated();
        return this.#advanced();
      case 'installed':
        if (history.disk === 'replacing') history.replaced();
        return this.#advanced();
      case 'notified':
        return role.notified(event.notification);
      case 'link_opened':
        return role.opened(event);
      case 'link_closed':
        return role.closed(event.link);
      case 'journal_failed':
        return this.#journalFailed();
      case 'journal_recovered':
        return role instanceof Failed ? role.recovered() : undefined;
      case 'timer':
        return this.#timer();
      default:
        return unreachable(event);
    }
  }

  #message({ link, bytes, start, end }: Extract<ZabEvent, { kind: 'message' }>): void {
    const message = decoded(this.#reader.reset(bytes, start, end));
    if (message !== undefined) return this.#role?.received({ link, message, reader: this.#reader });
    this.#member.note('closing a link on which came what is no message', { link }, 'warn');
    this.#member.close(link);
    this.#role?.closed(link);
  }

  #advanced(): void {
    this.#member.history.watch(this.#member.nowMs, 'persisted');
    this.#role?.advanced();
  }

  /** What was on its way to the disk is gone, and nothing more can be promised. */
  #journalFailed(): void {
    const { history } = this.#member;
    if (this.#role instanceof Failed && !this.#role.waits) return;
    const failure = history.disk === 'open' ? 'journal_failed' : 'reload_needed';
    this.#member.note('taking no part in agreement', { why: 'the journal takes nothing' }, 'warn');
    this.#member.turn({ to: 'failed', failure, why: 'the journal takes nothing' });
  }

  /** When a disk that answers nothing has been silent for too long. Who is alone has nobody to leave it to. */
  get #diskLateAtMs(): number {
    const { history, options, alone } = this.#member;
    if (alone || this.#role instanceof Failed || history.silentSinceMs === undefined) return NEVER_MS;
    return history.silentSinceMs + options.syncTimeoutMs;
  }

  #timer(): void {
    const { nowMs, options } = this.#member;
    if (nowMs < this.#diskLateAtMs) return this.#role?.timer();
    const why = `the disk has not answered for ${options.syncTimeoutMs} ms`;
    this.#member.note('taking no part in agreement', { why }, 'warn');
    this.#member.turn({ to: 'failed', failure: 'disk_silent', why });
  }

  /** Takes the roles that were asked for: what a step began ends before the next begins. */
  #settle(): void {
    for (let next = this.#member.takeTransition(); next !== undefined; next = this.#member.takeTransition()) {
      this.#member.tally.turned(next.to, this.#member.nowMs);
      this.#role?.end();
      this.#role = this.#become(next);
      this.#role.begin();
    }
  }

  #become(next: Transition): Looking | Leading | Learning | Failed {
    const member = this.#member;
    switch (next.to) {
      case 'looking':
        return new Looking(member, next.why);
      case 'leading':
        return new Leading(member, next);
      case 'learning':
        return new Learning(member, next.election);
      case 'failed':
        if (next.failure === 'journal_failed') member.history.forgetUnpersisted();
        return new Failed(member, next.failure);
      default:
        return unreachable(next);
    }
  }
}

function decoded(reader: Reader): Message | undefined {
  try {
    return readMessage(reader);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
