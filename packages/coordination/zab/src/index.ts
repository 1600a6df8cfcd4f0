/** Agreement on an order of opaque entries: Zab. It decides; it never sees a znode, a socket or a disk. */
export type { LinkId, ZabEvent } from './event.ts';
export type { Entry, Origin, SnapshotSource, ZabHost } from './host.ts';
export type { EnsembleMember, MemberId, Membership } from './membership.ts';
export {
  type Message,
  PROTOCOL_VERSION,
  readMembership,
  readMessage,
  writeMembership,
  writeMessage,
  writeProposal,
  writeSlice,
  writeSnapshotEnd,
} from './message.ts';
export type { Notification, Vote } from './notification.ts';
export { type ZabOptions, zabDefaults } from './options.ts';
export type { Epochs, OutgoingSnapshot, ZabNote, ZabOutbox } from './outbox.ts';
export type { LearnerStatus, Timing, ZabStatus, ZabTally } from './status.ts';
export { Zab } from './zab.ts';
export { counterOf, epochOf, nextZxid } from './zxid.ts';
