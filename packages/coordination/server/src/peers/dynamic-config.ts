import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { membershipText } from '@reeve/replica';
import type { Membership } from '@reeve/zab';

/**
 * Replaces the file with the `server.N` lines, in ZooKeeper's form: on disk when this returns; when it throws, the file
 * is the one before or this one.
 */
export function writeDynamicConfig(file: string, membership: Membership): void {
  const temporary = `${file}.tmp`;
  withDescriptor(temporary, 'w', (fd) => {
    writeFileSync(fd, `${membershipText(membership)}\n`);
    fsyncSync(fd);
  });
  renameSync(temporary, file);
  withDescriptor(dirname(file), 'r', fsyncSync);
}

/** Whether both name the same members at the same places, in whatever order. */
export function sameMembers(one: Membership, other: Membership): boolean {
  const textOf = ({ members }: Membership) => membershipText({ members: members.toSorted(byId), version: 0 });
  return textOf(one) === textOf(other);
}

function byId(one: { readonly id: number }, other: { readonly id: number }): number {
  return one.id - other.id;
}

function withDescriptor(path: string, flags: 'r' | 'w', use: (fd: number) => void): void {
  const fd = openSync(path, flags);
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}
