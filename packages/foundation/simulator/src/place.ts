import type { EnsembleMember, MemberId } from '@reeve/zab';

/** Where a member is, as a server's line in a configuration says it. */
export function placeOf(id: MemberId, role: EnsembleMember['role']): string {
  return `10.1.0.${id}:2888:3888:${role};2181`;
}

/** The role that such a line gives. */
export function readPlace(place: string): Pick<EnsembleMember, 'role' | 'place'> {
  return { role: place.includes(':observer') ? 'observer' : 'participant', place };
}
