import type { ReplicaEvent } from '@reeve/replica';
import { Writer } from '@reeve/wire';
import { type LinkId, type Message, writeMessage } from '@reeve/zab';
import type { Victim } from '../sabotage.ts';

const LENGTH_BYTES = 4;

/** Has a member believe that a message came over a link. */
export function forge(member: Victim, link: LinkId, message: Message): void {
  const bytes = bytesOf(message);
  soon(member, () =>
    member.step({ kind: 'zab', event: { kind: 'message', link, bytes, start: 0, end: bytes.length } }),
  );
}

/** The same event with another message in it. */
export function replaced(link: LinkId, message: Message): ReplicaEvent {
  const bytes = bytesOf(message);
  return { kind: 'zab', event: { kind: 'message', link, bytes, start: 0, end: bytes.length } };
}

/** Does something soon, unless the member has died by then. */
export function soon(member: Victim, run: () => void, afterMs = 0): void {
  const { replica } = member;
  member.timeline.after(afterMs, () => {
    if (member.replica === replica) run();
  });
}

function bytesOf(message: Message): Buffer {
  const writer = new Writer();
  writeMessage(writer, message);
  return writer.take().subarray(LENGTH_BYTES);
}
