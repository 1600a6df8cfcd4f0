import type { ErrorName, RequestOf } from '@reeve/wire';
import type { EnsembleMember, Membership, ZabStatus } from '@reeve/zab';
import { type ReadPlace, readMembers } from './membership-text.ts';

/** An ensemble of fewer could not lose anybody: it is made by configuration, not by a request. */
const PARTICIPANTS_MIN = 2;
/** The ids of sessions begin with one byte of the id of a member. */
const MEMBER_ID_MAX = 255;

/** Where an ensemble that is asked to change stands. */
export interface Standing {
  readonly status: ZabStatus;
  /** Whether an earlier change is not agreed on yet. */
  readonly change: 'under_way' | 'none';
  readonly readPlace: ReadPlace;
}

/** Who belongs to the ensemble after a `reconfig` request, or why it is refused (ZooKeeper's PrepRequestProcessor). */
export function planReconfiguration(
  { joiningServers, leavingServers, newMembers, curConfigId }: RequestOf<'reconfig'>,
  { status, change, readPlace }: Standing,
): readonly EnsembleMember[] | ErrorName {
  const { membership } = status;
  if (change === 'under_way') return 'reconfig_in_progress';
  if (curConfigId !== -1 && curConfigId !== membership.version) return 'bad_version';
  const members = newMembers
    ? readMembers(linesOf(newMembers), readPlace)
    : changed(membership, { joining: joiningServers, leaving: leavingServers }, readPlace);
  if (members === undefined || participantsOf(members).length < PARTICIPANTS_MIN) return 'bad_arguments';
  return hasQuorum(members, status) ? members : 'new_config_no_quorum';
}

/** Whether we can have these members; ZooKeeper can, and asks who it is that wants them first. */
export function canHave(members: readonly EnsembleMember[]): boolean {
  return members.every(({ id }) => id <= MEMBER_ID_MAX);
}

function changed(
  { members }: Membership,
  { joining, leaving }: { readonly joining: string; readonly leaving: string },
  readPlace: ReadPlace,
): readonly EnsembleMember[] | undefined {
  const joiners = readMembers(linesOf(joining), readPlace);
  const leavers = new Set(linesOf(leaving).map((id) => Number(id.replace(/^server\./, ''))));
  if (joiners === undefined || [...leavers].some((id) => !Number.isInteger(id))) return undefined;
  const after = new Map(members.map((member) => [member.id, member]));
  for (const id of leavers) after.delete(id);
  for (const joiner of joiners) after.set(joiner.id, joiner);
  return [...after.values()].sort((a, b) => a.id - b.id);
}

/** Lists are written with commas or line ends between their members. */
function linesOf(list: string): string[] {
  return list.split(/[,\n]/).flatMap((one) => one.trim() || []);
}

function participantsOf(members: readonly EnsembleMember[]): readonly EnsembleMember[] {
  return members.filter(({ role }) => role === 'participant');
}

/** Whether most of those who would have to agree from then on follow this leader now, itself included. */
function hasQuorum(members: readonly EnsembleMember[], { leader, learners }: ZabStatus): boolean {
  const present = new Set(learners.flatMap(({ member, phase }) => (phase === 'caught_up' ? member : [])));
  const participants = participantsOf(members);
  const count = participants.filter(({ id }) => id === leader || present.has(id)).length;
  return count > participants.length / 2;
}
