import type { MemberId } from '@reeve/zab';
import type { Violation } from '../violation.ts';

/** Watches whom members are asked to follow: one leader to an epoch, and no more. */
export class Leaders {
  readonly #byEpoch = new Map<number, MemberId>();
  readonly #report: (promise: Violation['promise'], message: string) => void;

  constructor(report: (promise: Violation['promise'], message: string) => void) {
    this.#report = report;
  }

  /** How many epochs had a leader. */
  get epochs(): number {
    return this.#byEpoch.size;
  }

  /** A leader asks to be followed in an epoch, for which a quorum has promised. */
  named(leader: MemberId, epoch: number): void {
    const known = this.#byEpoch.get(epoch);
    if (known === undefined) this.#byEpoch.set(epoch, leader);
    else if (known !== leader) this.#report('one-leader-per-epoch', `${leader} leads epoch ${epoch}, as ${known} did`);
  }
}
