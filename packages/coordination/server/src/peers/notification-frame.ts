import { Reader, type Writer } from '@reeve/wire';
import { type MemberId, type Notification, readMembership, writeMembership } from '@reeve/zab';

/** The longest frame on an election port after the greeting, bytes. */
export const notificationBytesMax = 256 * 1024;

const states = ['looking', 'following', 'leading', 'observing'] as const;

/** Writes a notification as a frame. Who sends it was proved when the connection was made. */
export function writeNotification(writer: Writer, { vote, round, state, membership }: Notification): void {
  const start = writer.beginFrame();
  writer.int(vote.leader);
  writer.long(vote.epoch);
  writer.long(vote.zxid);
  writer.long(round);
  writer.int(states.indexOf(state));
  writeMembership(writer, membership);
  writer.endFrame(start);
}

/** @throws WireError when the frame is none */
export function readNotification(frame: Buffer, from: MemberId): Notification {
  const reader = new Reader().reset(frame);
  const vote = { leader: reader.int(), epoch: reader.long(), zxid: reader.long() };
  const round = reader.long();
  const state = states[reader.int()];
  if (state === undefined) throw reader.malformed('a state that no member is in');
  return { from, vote, round, state, membership: readMembership(reader) };
}
