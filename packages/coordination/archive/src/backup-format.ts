import { crc32 } from 'node:zlib';

/*
 * A backup: a head (16 bytes: magic · version · crc of both), then sections of
 *
 *   kind (4) · length (4) · crc of the bytes (4) · crc of the 12 bytes before (4) · bytes
 *
 * in the order facts, secret (when there is one), slices, end. The end counts the sections before it: a backup that was
 * cut short has none.
 */
const magic = 'ReeveBkp';
const version = 1;
/** How long the first part of a backup is. */
export const backupHeadBytes = 16;
/** What precedes the bytes of each section. */
export const sectionHeadBytes = 16;

const kinds = ['facts', 'secret', 'slice', 'end'] as const;
/** What a section holds. */
export type SectionKind = (typeof kinds)[number];

/** What a backup says of the state it holds. */
export interface BackupFacts {
  /** Everything up to and including this zxid is in it, and nothing after it. */
  readonly zxid: number;
  readonly znodes: number;
  readonly sessions: number;
  /** How many of the znodes are ephemerals of those sessions. */
  readonly ephemerals: number;
  /** When it was made, milliseconds since the epoch. */
  readonly madeMs: number;
}

/** The head of a section, checked. */
export interface SectionHead {
  readonly kind: SectionKind;
  readonly length: number;
  readonly crc: number;
}

export function backupHead(): Buffer {
  const bytes = Buffer.alloc(backupHeadBytes);
  bytes.write(magic, 0, 'latin1');
  bytes.writeUInt32BE(version, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 12)), 12);
  return bytes;
}

/** Whether these are the first bytes of a backup: of this version, of another, or not at all. */
export function readBackupHead(bytes: Buffer): 'known' | 'other_version' | 'no_backup' {
  const whole = bytes.length >= backupHeadBytes && bytes.toString('latin1', 0, 8) === magic;
  if (!whole || crc32(bytes.subarray(0, 12)) !== bytes.readUInt32BE(12)) return 'no_backup';
  return bytes.readUInt32BE(8) === version ? 'known' : 'other_version';
}

export function sectionHead(kind: SectionKind, bytes: Buffer): Buffer {
  const head = Buffer.allocUnsafe(sectionHeadBytes);
  head.writeUInt32BE(kinds.indexOf(kind) + 1, 0);
  head.writeUInt32BE(bytes.length, 4);
  head.writeUInt32BE(crc32(bytes), 8);
  head.writeUInt32BE(crc32(head.subarray(0, 12)), 12);
  return head;
}

/** The head of a section; `undefined` when it is broken. */
export function readSectionHead(bytes: Buffer): SectionHead | undefined {
  const kind = kinds[bytes.readUInt32BE(0) - 1];
  if (kind === undefined || crc32(bytes.subarray(0, 12)) !== bytes.readUInt32BE(12)) return undefined;
  return { kind, length: bytes.readUInt32BE(4), crc: bytes.readUInt32BE(8) };
}
