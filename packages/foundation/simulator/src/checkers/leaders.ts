import type { MemberId, ZabStatus } from '@reeve/zab';
import type { Violation } from '../violation.ts';

/** Watches who leads: one member to an epoch, and no more. */
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

  /** What a member says of itself now. */
  heard(member: MemberId, { role, phase, epoch }: ZabStatus): void {
    if (role !== 'leading' || phase !== 'serving') return;
    const known = this.#byEpoch.get(epoch);
    if (known === undefined) this.#byEpoch.set(epoch, member);
    else if (known !== member) this.#report('one-leader-per-epoch', `${member} leads epoch ${epoch}, as ${known} did`);
  }
}
