import type { MemberId, Membership } from './membership.ts';

/** The members of an ensemble that are asked. */
function participantsOf(membership: Membership): MemberId[] {
  return membership.members.filter((member) => member.role === 'participant').map((member) => member.id);
}

/**
 * Who must agree: more than half of the participants, and while the membership changes more than half of the present
 * and of the coming ones, so that neither can decide without the other.
 */
export class Quorum {
  readonly #electorates: readonly (readonly MemberId[])[];

  constructor(memberships: readonly Membership[]) {
    this.#electorates = memberships.map(participantsOf);
  }

  /** Whether those that `has` says yes to are enough. Nobody is never enough. */
  reached(has: (member: MemberId) => boolean): boolean {
    return this.#electorates.every((members) => {
      let count = 0;
      for (const member of members) if (has(member)) count += 1;
      return count * 2 > members.length;
    });
  }

  /** The greatest value that a quorum has reached, when `reachedBy` says how far each has come. */
  least(reachedBy: (member: MemberId) => number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const members of this.#electorates) {
      const values = members.map(reachedBy).sort((a, b) => b - a);
      least = Math.min(least, values[Math.floor(members.length / 2)] ?? 0);
    }
    return least;
  }
}
