import type { ReplicaEvent } from '@reeve/replica';
import { Reader } from '@reeve/wire';
import { type LinkId, type Message, readMessage } from '@reeve/zab';

/** The message that an event is about, if it is about one, and its link. */
export function messageIn(event: ReplicaEvent): { readonly link: LinkId; readonly message: Message } | undefined {
  if (event.kind !== 'zab' || event.event.kind !== 'message') return undefined;
  const { link, bytes, start, end } = event.event;
  return { link, message: readMessage(new Reader().reset(bytes, start, end)) };
}
