import type { ReplicaEvent } from '@reeve/replica';
import { Writer } from '@reeve/wire';
import { type LinkId, type Message, writeMessage, writeProposal } from '@reeve/zab';
import type { Victim } from '../sabotage.ts';

const LENGTH_BYTES = 4;

type Proposal = Extract<Message, { kind: 'propose' }>;

/** Has a member believe that a message came over a link. */
export function forge(member: Victim, link: LinkId, message: Message): void {
  const bytes = bytesOf(message);
  soon(member, () =>
    member.step({ kind: 'zab', event: { kind: 'message', link, bytes, start: 0, end: bytes.length } }),
  );
}

/** The same event with another payload of its proposal. */
export function replacedPayload(link: LinkId, head: Proposal, payload: Buffer): ReplicaEvent {
  const writer = new Writer();
  writeProposal(writer, head, payload);
  return messageEvent(link, writer.take().subarray(LENGTH_BYTES));
}

/** Does something soon, unless the member has died by then. */
export function soon(member: Victim, run: () => void, afterMs = 0): void {
  const { replica } = member;
  member.timeline.after(afterMs, () => {
    if (member.replica === replica) run();
  });
}

function messageEvent(link: LinkId, bytes: Buffer): ReplicaEvent {
  return { kind: 'zab', event: { kind: 'message', link, bytes, start: 0, end: bytes.length } };
}

function bytesOf(message: Message): Buffer {
  const writer = new Writer();
  writeMessage(writer, message);
  return writer.take().subarray(LENGTH_BYTES);
}
