import type { ReplicaEvent } from '@reeve/replica';
import { Reader } from '@reeve/wire';
import { type LinkId, type Message, readMessage } from '@reeve/zab';

/** A message on its way to a member. */
export interface MessageIn {
  readonly link: LinkId;
  readonly message: Message;
  /** At what follows the message: the payload of a proposal, or what hosts share. */
  readonly rest: Reader;
}

/** The message that an event is about, if it is about one. */
export function messageIn(event: ReplicaEvent): MessageIn | undefined {
  if (event.kind !== 'zab' || event.event.kind !== 'message') return undefined;
  const { link, bytes, start, end } = event.event;
  const rest = new Reader().reset(bytes, start, end);
  return { link, message: readMessage(rest), rest };
}
