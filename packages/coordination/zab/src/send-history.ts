import type { LearnerLink } from './learner-link.ts';
import { hex, type Member } from './member.ts';
import { type LearnerLog, planSync } from './sync-plan.ts';

/** Sends a learner what it lacks of the leader's history, by the shortest way. */
export function sendHistory(member: Member, learner: LearnerLink, log: LearnerLog): void {
  const { recent } = member.history;
  const plan = planSync(log, recent);
  member.note(`member ${learner.peer} gets the history by ${plan.kind}`, {
    last: hex(log.lastZxid),
    applied: hex(log.appliedZxid),
    recent: `${hex(recent.base)} to ${hex(recent.last)}`,
    ...(plan.kind === 'snapshot' ? { why: plan.why } : { after: hex(plan.after) }),
  });
  if (plan.kind === 'snapshot') member.tally.snapshotsSent += 1;
  else member.tally.differencesSent += 1;
  if (plan.kind === 'truncate') member.send(learner.link, { kind: 'truncate', zxid: plan.after });
  sendEntriesAfter(member, learner, plan.kind === 'snapshot' ? sendSnapshot(member, learner) : plan.after);
}

/** Tells a learner that all it was sent so far is the history with which `epoch` begins. */
export function announceEpoch(member: Member, { link }: LearnerLink, epoch: number): void {
  const { membership, host } = member;
  member.sendWith(link, { kind: 'new_leader', epoch, membership }, (writer) => host.writeShared(writer));
}

/** Sends a snapshot of now, and returns the zxid up to which it goes. */
function sendSnapshot(member: Member, { link }: LearnerLink): number {
  const source = member.host.snapshot();
  member.send(link, { kind: 'snapshot', zxid: source.zxid });
  member.outbox.snapshots.set(link, { after: member.outbox.writer(link).length, source });
  return source.zxid;
}

function sendEntriesAfter(member: Member, { link }: LearnerLink, zxid: number): void {
  const { recent } = member.history;
  for (let index = recent.indexAfter(zxid); index < recent.end; index += 1) {
    recent.writeProposal(index, member.outbox.writer(link));
  }
}
