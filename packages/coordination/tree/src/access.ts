import type { Acl, ErrorName, Identity } from '@reeve/wire';
import { type AccessList, isWorld, sharedList } from './access-list.ts';

/** The scheme of an identity that may do everything (superDigest). */
const SUPER = 'super';

/** Which schemes an access list may name, beside `world`, `auth`, `digest` and `ip`, which are always there. */
export interface AccessRules {
  /** Whether clients may be known by their certificates. */
  readonly x509: 'accepted' | 'refused';
}

/** Whether one who has proved `identities` may do any of `perms` (a sum of `permissions`) under `acl`. */
export function permits(acl: AccessList, perms: number, identities: readonly Identity[]): boolean {
  if ((acl.worldPerms & perms) !== 0 || acl.entries.length === 0) return true;
  if (identities.some((identity) => identity.scheme === SUPER)) return true;
  return acl.entries.some(
    (entry) => (entry.perms & perms) !== 0 && identities.some((identity) => matches(identity, entry.id)),
  );
}

/**
 * The list that is stored for one that a client asked for: duplicates gone, `auth` replaced by the identities that the
 * client has proved.
 */
export function resolveAcl(
  asked: readonly Acl[],
  identities: readonly Identity[],
  rules: AccessRules,
): AccessList | ErrorName {
  const resolved: Acl[] = [];
  for (const entry of distinct(asked)) {
    if (entry.id.scheme === 'auth') {
      const proved = identities.filter(isProof);
      if (proved.length === 0) return 'invalid_acl';
      resolved.push(...proved.map((id) => ({ perms: entry.perms, id })));
    } else if (isLegal(entry, rules)) {
      resolved.push(entry);
    } else {
      return 'invalid_acl';
    }
  }
  return resolved.length === 0 ? 'invalid_acl' : sharedList(resolved);
}

/** The entries of a list as one without ADMIN may see them: whose digest it is, not what it is. */
export function maskedAcl(entries: readonly Acl[]): readonly Acl[] {
  return entries.map((entry) => {
    if (entry.id.scheme !== 'digest') return entry;
    return { perms: entry.perms, id: { scheme: 'digest', id: entry.id.id.replace(/:.*/, ':x') } };
  });
}

/** The name of an identity as whoAmI tells it. */
export function userName(identity: Identity): string {
  if (identity.scheme === SUPER) return '';
  return identity.scheme === 'digest' ? (identity.id.split(':')[0] ?? '') : identity.id;
}

function distinct(entries: readonly Acl[]): readonly Acl[] {
  if (entries.length < 2) return entries;
  const seen = new Map(entries.map((entry) => [`${entry.perms} ${entry.id.scheme} ${entry.id.id}`, entry] as const));
  return [...seen.values()];
}

/** Whether an identity stands for a person or program, not for a place: `auth` does not make a list of places. */
function isProof(identity: Identity): boolean {
  return identity.scheme === 'digest' || identity.scheme === 'x509';
}

function isLegal(entry: Acl, rules: AccessRules): boolean {
  const { scheme, id } = entry.id;
  switch (scheme) {
    case 'world':
      return isWorld(entry);
    case 'digest':
      return isDigestId(id);
    case 'ip':
      return parseNetwork(id) !== undefined;
    case 'x509':
      return rules.x509 === 'accepted' && id !== '';
    default:
      return false;
  }
}

function matches(identity: Identity, wanted: Identity): boolean {
  if (identity.scheme !== wanted.scheme) return false;
  return identity.scheme === 'ip' ? inNetwork(identity.id, wanted.id) : identity.id === wanted.id;
}

/** `user:digest`. As in DigestAuthenticationProvider, colons at the end do not count. */
function isDigestId(id: string): boolean {
  return id.replace(/:+$/, '').split(':').length === 2;
}

interface Network {
  readonly address: number;
  readonly mask: number;
}

function inNetwork(address: string, network: string): boolean {
  const wanted = parseNetwork(network);
  const given = parseAddress(address);
  if (wanted === undefined || given === undefined) return false;
  return ((given ^ wanted.address) & wanted.mask) === 0;
}

/** `a.b.c.d` or `a.b.c.d/bits`: as in ZooKeeper's IPAuthenticationProvider, IPv4 alone. */
function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  const bits = slash === -1 ? 32 : parseDecimal(text.slice(slash + 1), 32);
  if (address === undefined || bits === undefined) return undefined;
  return { address, mask: bits === 0 ? 0 : -1 << (32 - bits) };
}

function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let address = 0;
  for (const part of parts) {
    const byte = parseDecimal(part, 255);
    if (byte === undefined) return undefined;
    address = (address << 8) | byte;
  }
  return address;
}

function parseDecimal(text: string, max: number): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}
