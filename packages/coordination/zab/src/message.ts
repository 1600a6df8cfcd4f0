import type { Reader, Writer } from '@reeve/wire';
import type { Origin } from './host.ts';
import type { EnsembleMember, Membership } from './membership.ts';

/** The format of what follows; a member that speaks another is refused, and told which one is spoken here. */
export const PROTOCOL_VERSION = 1;

/** What goes over a link. The first six are said by learners, `carried` by both, all others by the leader. */
export type Message =
  /** Wants to follow. */
  | {
      readonly kind: 'join';
      readonly protocolVersion: number;
      readonly role: 'participant' | 'observer';
      readonly acceptedEpoch: number;
      readonly membershipVersion: number;
    }
  /** Will follow no leader of an earlier epoch. Not counted when it had promised that epoch before, maybe to another. */
  | {
      readonly kind: 'promise';
      readonly epoch: number;
      readonly counted: 'yes' | 'no';
      readonly currentEpoch: number;
      readonly lastZxid: number;
      readonly appliedZxid: number;
    }
  /** Has everything before the `new_leader` of this epoch, and the epoch itself, on disk: up to `zxid`. */
  | { readonly kind: 'ack_epoch'; readonly epoch: number; readonly zxid: number }
  /** Has everything up to `zxid` on disk. */
  | { readonly kind: 'ack'; readonly zxid: number }
  | { readonly kind: 'pong'; readonly round: number }
  /** Has promised the epoch that `roll` names. */
  | { readonly kind: 'rolled'; readonly epoch: number }
  /** This is how the host's own messages begin; the rest is in the reader. */
  | { readonly kind: 'carried' }
  | { readonly kind: 'epoch'; readonly protocolVersion: number; readonly epoch: number }
  | { readonly kind: 'refused'; readonly protocolVersion: number }
  /** Everything after `zxid` was never agreed on. */
  | { readonly kind: 'truncate'; readonly zxid: number }
  /** Slices of a snapshot follow, and `snapshot_end`. */
  | { readonly kind: 'snapshot'; readonly zxid: number }
  | { readonly kind: 'slice'; readonly bytes: Buffer }
  | { readonly kind: 'snapshot_end'; readonly lastZxidSeen: number }
  /** The payload follows in the reader. */
  | {
      readonly kind: 'propose';
      readonly zxid: number;
      readonly origin: Origin | undefined;
      readonly membership: Membership | undefined;
    }
  | { readonly kind: 'commit'; readonly zxid: number }
  /** All before this is the history with which the epoch begins. What the host shares follows in the reader. */
  | { readonly kind: 'new_leader'; readonly epoch: number; readonly membership: Membership }
  /** The learner counts as caught up, once it has committed everything up to `zxid`. */
  | { readonly kind: 'up_to_date'; readonly zxid: number }
  | { readonly kind: 'ping'; readonly round: number }
  /** The epoch will change without a change of leader. */
  | { readonly kind: 'roll'; readonly epoch: number };

type MessageOf<K extends Message['kind']> = Extract<Message, { kind: K }>;

interface Form<M> {
  readonly type: number;
  write(writer: Writer, message: M): void;
  read(reader: Reader): M;
}

const roles = ['participant', 'observer'] as const;

const forms: { readonly [K in Message['kind']]: Form<MessageOf<K>> } = {
  join: {
    type: 1,
    write(writer, { protocolVersion, role, acceptedEpoch, membershipVersion }) {
      writer.int(protocolVersion);
      writer.int(roles.indexOf(role));
      writer.int(acceptedEpoch);
      writer.long(membershipVersion);
    },
    read: (reader) => ({
      kind: 'join',
      protocolVersion: reader.int(),
      role: readRole(reader),
      acceptedEpoch: reader.int(),
      membershipVersion: reader.long(),
    }),
  },
  promise: {
    type: 2,
    write(writer, { epoch, counted, currentEpoch, lastZxid, appliedZxid }) {
      writer.int(epoch);
      writer.bool(counted === 'yes');
      writer.int(currentEpoch);
      writer.long(lastZxid);
      writer.long(appliedZxid);
    },
    read: (reader) => ({
      kind: 'promise',
      epoch: reader.int(),
      counted: reader.bool() ? 'yes' : 'no',
      currentEpoch: reader.int(),
      lastZxid: reader.long(),
      appliedZxid: reader.long(),
    }),
  },
  ack_epoch: {
    type: 3,
    write(writer, { epoch, zxid }) {
      writer.int(epoch);
      writer.long(zxid);
    },
    read: (reader) => ({ kind: 'ack_epoch', epoch: reader.int(), zxid: reader.long() }),
  },
  ack: {
    type: 4,
    write: (writer, { zxid }) => writer.long(zxid),
    read: (reader) => ({ kind: 'ack', zxid: reader.long() }),
  },
  pong: {
    type: 5,
    write: (writer, { round }) => writer.long(round),
    read: (reader) => ({ kind: 'pong', round: reader.long() }),
  },
  rolled: {
    type: 6,
    write: (writer, { epoch }) => writer.int(epoch),
    read: (reader) => ({ kind: 'rolled', epoch: reader.int() }),
  },
  carried: {
    type: 7,
    write() {},
    read: () => ({ kind: 'carried' }),
  },
  epoch: {
    type: 16,
    write(writer, { protocolVersion, epoch }) {
      writer.int(protocolVersion);
      writer.int(epoch);
    },
    read: (reader) => ({ kind: 'epoch', protocolVersion: reader.int(), epoch: reader.int() }),
  },
  refused: {
    type: 17,
    write: (writer, { protocolVersion }) => writer.int(protocolVersion),
    read: (reader) => ({ kind: 'refused', protocolVersion: reader.int() }),
  },
  truncate: {
    type: 18,
    write: (writer, { zxid }) => writer.long(zxid),
    read: (reader) => ({ kind: 'truncate', zxid: reader.long() }),
  },
  snapshot: {
    type: 19,
    write: (writer, { zxid }) => writer.long(zxid),
    read: (reader) => ({ kind: 'snapshot', zxid: reader.long() }),
  },
  slice: {
    type: 20,
    write: (writer, { bytes }) => writer.raw(bytes),
    read: (reader) => ({ kind: 'slice', bytes: reader.raw(reader.remaining) }),
  },
  snapshot_end: {
    type: 21,
    write: (writer, { lastZxidSeen }) => writer.long(lastZxidSeen),
    read: (reader) => ({ kind: 'snapshot_end', lastZxidSeen: reader.long() }),
  },
  propose: {
    type: 22,
    write(writer, { zxid, origin, membership }) {
      writer.long(zxid);
      writer.int(origin?.member ?? 0);
      writer.long(origin?.request ?? 0);
      writer.bool(membership !== undefined);
      if (membership !== undefined) writeMembership(writer, membership);
    },
    read(reader) {
      const zxid = reader.long();
      const member = reader.int();
      const request = reader.long();
      const membership = reader.bool() ? readMembership(reader) : undefined;
      const origin = member === 0 ? undefined : { member, request };
      return { kind: 'propose', zxid, origin, membership };
    },
  },
  commit: {
    type: 23,
    write: (writer, { zxid }) => writer.long(zxid),
    read: (reader) => ({ kind: 'commit', zxid: reader.long() }),
  },
  new_leader: {
    type: 24,
    write(writer, { epoch, membership }) {
      writer.int(epoch);
      writeMembership(writer, membership);
    },
    read: (reader) => ({ kind: 'new_leader', epoch: reader.int(), membership: readMembership(reader) }),
  },
  up_to_date: {
    type: 25,
    write: (writer, { zxid }) => writer.long(zxid),
    read: (reader) => ({ kind: 'up_to_date', zxid: reader.long() }),
  },
  ping: {
    type: 26,
    write: (writer, { round }) => writer.long(round),
    read: (reader) => ({ kind: 'ping', round: reader.long() }),
  },
  roll: {
    type: 27,
    write: (writer, { epoch }) => writer.int(epoch),
    read: (reader) => ({ kind: 'roll', epoch: reader.int() }),
  },
};

const formsByType = new Map<number, Form<Message>>(
  Object.values(forms).map((form) => [form.type, form as Form<Message>]),
);

/** Opens the frame of a message whose end others write; pass what it returns to `Writer.endFrame`. */
export function beginMessage<K extends Message['kind']>(writer: Writer, message: MessageOf<K>): number {
  const start = writer.beginFrame();
  writer.byte(forms[message.kind].type);
  (forms[message.kind] as unknown as Form<MessageOf<K>>).write(writer, message);
  return start;
}

/** Writes a message as a frame: its length in four bytes, its type in one, its body. */
export function writeMessage(writer: Writer, message: Message): void {
  writer.endFrame(beginMessage(writer, message));
}

/** As `beginMessage`, for the message that comes most often. */
export function beginProposal(writer: Writer, head: MessageOf<'propose'>): number {
  const start = writer.beginFrame();
  writer.byte(forms.propose.type);
  forms.propose.write(writer, head);
  return start;
}

/** Writes a proposal with its payload. */
export function writeProposal(writer: Writer, head: MessageOf<'propose'>, payload: Buffer): void {
  const start = beginProposal(writer, head);
  writer.copy(payload, 0, payload.length);
  writer.endFrame(start);
}

/**
 * Reads a message; the reader is at its type.
 *
 * @throws WireError when it is none
 */
export function readMessage(reader: Reader): Message {
  const type = reader.byte();
  const form = formsByType.get(type);
  if (form === undefined) throw reader.malformed(`a message of the type ${type}`);
  return form.read(reader);
}

/** Writes one slice of a snapshot to a learner as a frame of its own: for the transport, which paces them. */
export function writeSlice(writer: Writer, slice: Buffer): void {
  writeMessage(writer, { kind: 'slice', bytes: slice });
}

/** Writes what follows the last slice of a snapshot; `lastZxidSeen` is asked of its source when that was taken. */
export function writeSnapshotEnd(writer: Writer, lastZxidSeen: number): void {
  writeMessage(writer, { kind: 'snapshot_end', lastZxidSeen });
}

/** The fewest bytes a member takes: its number, its role and the length of its place. */
const MEMBER_BYTES_MIN = 12;

/** Writes who belongs to an ensemble. */
export function writeMembership(writer: Writer, { version, members }: Membership): void {
  writer.long(version);
  writer.int(members.length);
  for (const { id, role, place } of members) {
    writer.int(id);
    writer.int(roles.indexOf(role));
    writer.string(place);
  }
}

/**
 * Reads what `writeMembership` wrote.
 *
 * @throws WireError when it did not
 */
export function readMembership(reader: Reader): Membership {
  const version = reader.long();
  const count = reader.count(MEMBER_BYTES_MIN);
  const members: EnsembleMember[] = [];
  for (let i = 0; i < count; i += 1) {
    members.push({ id: reader.int(), role: readRole(reader), place: reader.string() });
  }
  return { version, members };
}

function readRole(reader: Reader): 'participant' | 'observer' {
  const role = roles[reader.int()];
  if (role === undefined) throw reader.malformed('a role that is neither participant nor observer');
  return role;
}
