import type { LearnerLink } from './learner-link.ts';
import type { Learners } from './learners.ts';
import type { Member } from './member.ts';
import type { Quorum } from './quorum.ts';

/**
 * Rounds of pings, and who waits for one of them to be answered by a quorum. A token waits for a round that begins
 * after it came: an answer to an earlier one proves nothing.
 */
export class Confirmations {
  readonly #member: Member;
  readonly #learners: Learners;
  #round = 0;
  #answered = 0;
  readonly #waiting: { readonly token: number; readonly round: number }[] = [];

  constructor(member: Member, learners: Learners) {
    this.#member = member;
    this.#learners = learners;
  }

  /** Begins a round. */
  ping(): void {
    this.#round += 1;
    for (const { link } of this.#learners.all) this.#member.send(link, { kind: 'ping', round: this.#round });
  }

  /** Takes a token: the host is told when a quorum has answered a round that begins from now on. */
  confirm(token: number, quorum: Quorum): void {
    const { host, id: self } = this.#member;
    if (quorum.reached((id) => id === self)) return host.confirmed(token);
    this.#waiting.push({ token, round: this.#round + 1 });
    if (this.#answered >= this.#round) this.ping();
  }

  /** A learner has answered `round`. */
  ponged(learner: LearnerLink, round: number, quorum: Quorum): void {
    learner.answered = Math.max(learner.answered, round);
    const answered = quorum.least((id) => {
      if (id === this.#member.id) return this.#round;
      const known = this.#learners.of(id);
      return known?.caughtUp ? known.answered : 0;
    });
    this.#answered = Math.max(this.#answered, answered);
    for (const token of this.#takeConfirmed()) this.#member.host.confirmed(token);
    if (this.#waiting.length > 0 && this.#answered >= this.#round) this.ping();
  }

  #takeConfirmed(): number[] {
    const count = this.#waiting.findIndex(({ round }) => round > this.#answered);
    const confirmed = this.#waiting.splice(0, count === -1 ? this.#waiting.length : count);
    return confirmed.map(({ token }) => token);
  }
}
