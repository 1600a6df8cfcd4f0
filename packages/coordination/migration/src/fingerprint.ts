import { createHash } from 'node:crypto';
import type { Acl } from '@reeve/client';
import type { ZnodeRecord } from './side.ts';

/** What stands for the data and the access list of a znode: equal where those are. */
export interface Fingerprint {
  readonly data: string;
  readonly acl: string;
}

export function fingerprint({ data, acl }: Pick<ZnodeRecord, 'data' | 'acl'>): Fingerprint {
  return {
    data: data === null ? 'null' : createHash('sha1').update(data).digest('base64'),
    acl: acl.map(entryText).sort().join('\n'),
  };
}

function entryText({ perms, id }: Acl): string {
  return `${perms} ${id.scheme} ${id.id}`;
}
