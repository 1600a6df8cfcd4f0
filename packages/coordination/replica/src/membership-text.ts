import type { EnsembleMember, Membership } from '@reeve/zab';

/** Where clients read who belongs to the ensemble. */
export const membershipPath = '/zookeeper/config';

/** How a member's place is written: its text in one form, whatever was written, and the role that it gives. */
export type ReadPlace = (text: string) => Pick<EnsembleMember, 'role' | 'place'> | undefined;

const line = /^server\.(\d{1,3})=(.+)$/;

/** A membership as ZooKeeper writes it there: a line for each member, and the version. */
export function membershipText({ members, version }: Membership): string {
  const lines = members.map(({ id, place }) => `server.${id}=${place}`);
  return [...lines, `version=${version.toString(16)}`].join('\n');
}

/** What `membershipText` wrote; undefined for what it did not write. */
export function readMembership(text: string, readPlace: ReadPlace): Membership | undefined {
  const lines = text.split('\n');
  const version = /^version=([0-9a-f]{1,16})$/.exec(lines.pop() ?? '')?.[1];
  const members = readMembers(lines, readPlace);
  return version === undefined || members === undefined
    ? undefined
    : { members, version: Number.parseInt(version, 16) };
}

/** Members as `server.N=place` lines; undefined when one is wrong, or there are two of one number. */
export function readMembers(lines: readonly string[], readPlace: ReadPlace): readonly EnsembleMember[] | undefined {
  const members = new Map<number, EnsembleMember>();
  for (const text of lines) {
    const [, number, written] = line.exec(text.trim()) ?? [];
    const place = written === undefined ? undefined : readPlace(written);
    const id = Number(number);
    if (place === undefined || id < 1 || members.has(id)) return undefined;
    members.set(id, { id, ...place });
  }
  return [...members.values()];
}
