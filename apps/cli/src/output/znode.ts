import type { Acl, Stat } from '@reeve/client';
import { noSession } from '@reeve/wire';
import type { Detail } from './details.ts';
import { count, formatTime, zxidText } from './words.ts';

const letters = 'rwcda';

/** What an entry of an access list permits: read, write, create, delete, administer. */
export function permsText(perms: number): string {
  return [...letters].filter((_, bit) => (perms & (1 << bit)) !== 0).join('');
}

/** An access list as `scheme:id:perms`, as other tools of the protocol write it. */
export function aclText(acl: readonly Acl[]): string {
  return acl.map(({ perms, id }) => `${id.scheme}:${id.id}:${permsText(perms)}`).join(', ');
}

/** The session that owns an ephemeral znode; nothing for every other. */
export function ownerOf({ ephemeralOwner }: Stat): string | undefined {
  return ephemeralOwner === noSession ? undefined : `0x${ephemeralOwner.replace(/^0+/, '')}`;
}

/** All that a service knows of a znode, for people. */
export function statDetails(stat: Stat, acl: readonly Acl[] | undefined, now: number): readonly Detail[] {
  return [
    ['size', count(stat.dataLength, 'byte')],
    ['children', String(stat.numChildren)],
    ['version', `${stat.version}, of the children ${stat.cversion}, of the access list ${stat.aversion}`],
    ['created', `${formatTime(stat.ctime, now)}, zxid ${zxidText(stat.czxid)}`],
    ['written', `${formatTime(stat.mtime, now)}, zxid ${zxidText(stat.mzxid)}`],
    ['last child', `zxid ${zxidText(stat.pzxid)}`],
    ['ephemeral', ownerOf(stat) === undefined ? undefined : `of session ${ownerOf(stat)}`],
    ['access', acl === undefined ? undefined : aclText(acl)],
  ];
}
