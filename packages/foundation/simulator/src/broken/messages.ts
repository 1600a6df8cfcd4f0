import type { ReplicaEvent } from '@reeve/replica';
import { Reader, Writer } from '@reeve/wire';
import { type LinkId, type Message, readMessage, writeMessage } from '@reeve/zab';
import type { Member } from '../member.ts';

const LENGTH_BYTES = 4;

/** The message that an event is about, if it is about one, and its link. */
export function messageIn(event: ReplicaEvent): { readonly link: LinkId; readonly message: Message } | undefined {
  if (event.kind !== 'zab' || event.event.kind !== 'message') return undefined;
  const { link, bytes, start, end } = event.event;
  return { link, message: readMessage(new Reader().reset(bytes, start, end)) };
}

/** Has a member believe that a message came over a link. */
export function forge(member: Member, link: LinkId, message: Message): void {
  const bytes = bytesOf(message);
  soon(member, () => member.step({ kind: 'zab', event: { kind: 'message', link, bytes, start: 0, end: bytes.length } }));
}

/** The same event with another message in it. */
export function replaced(link: LinkId, message: Message): ReplicaEvent {
  const bytes = bytesOf(message);
  return { kind: 'zab', event: { kind: 'message', link, bytes, start: 0, end: bytes.length } };
}

/** Does something next, unless the member has died by then. */
export function soon(member: Member, run: () => void): void {
  const { replica } = member;
  member.timeline.after(0, () => {
    if (member.replica === replica) run();
  });
}

function bytesOf(message: Message): Buffer {
  const writer = new Writer();
  writeMessage(writer, message);
  return writer.take().subarray(LENGTH_BYTES);
}
