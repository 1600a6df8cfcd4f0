import type { Acl } from '@reeve/client';
import { usageError } from '../cli-error.ts';

const letters = 'rwcda';
const entry = /^([^:]+):(.*):([rwcda]+)$/;

/** One entry of an access list, `scheme:id:perms`. @throws CliError `usage` */
export function parseAcl(text: string): Acl {
  const [, scheme, id, perms] = entry.exec(text) ?? [];
  if (scheme === undefined || id === undefined || perms === undefined) {
    const advice = 'It is scheme:id:perms, such as world:anyone:r or auth::rwcda; perms are some of r, w, c, d, a.';
    throw usageError(`"${text}" is no entry of an access list`, advice);
  }
  return { perms: [...perms].reduce((bits, letter) => bits | (1 << letters.indexOf(letter)), 0), id: { scheme, id } };
}

/** Adds an entry to an access list: an option that may be repeated. */
export function addAcl(text: string, before: readonly Acl[] = []): readonly Acl[] {
  return [...before, parseAcl(text)];
}
