import { type Acl, type ErrorName, type Identity, openAcl, permissions } from '@reeve/wire';
import { type AccessList, isWorld, openList, sharedList } from './access-list.ts';
import { parseNetwork } from './networks.ts';
import { isDistinguishedName, isSaslName } from './principals.ts';

/** The scheme of an identity that may do everything (superDigest). */
const SUPER = 'super';

/**
 * Stands among the identities of one whom no access list binds, because the operator said so (skipACL). It proves
 * nothing, and is told to nobody.
 */
export const unbound: Identity = { scheme: '', id: '' };

/** Which schemes an access list may name, beside `world`, `auth`, `digest` and `ip`, which are always there. */
export interface AccessRules {
  /** Whether clients may be known by their certificates. */
  readonly x509: 'accepted' | 'refused';
  /** Whether clients may be known by the names that they prove by SASL. */
  readonly sasl: 'accepted' | 'refused';
}

/** Entries that a list may have, in a request and once `auth` is replaced. */
const ENTRIES_MAX = 1000;
/** Bytes of the entries that stand for `auth` in one list: the log repeats them for each znode that is created so. */
const PROVED_BYTES_MAX = 16 * 1024;
/** Lists whose verdict on somebody is remembered. */
const VERDICTS_MAX = 4096;

/** What each of the lists that were looked into last lets one asker do, `judged`. */
const verdicts = new Map<AccessList, number>();
let judged: readonly Identity[] | undefined;

/**
 * Whether one who has proved `identities` may do any of `perms` (a sum of `permissions`) under `acl`. The array must not
 * change: who proves more gets another.
 */
export function permits(acl: AccessList, perms: number, identities: readonly Identity[]): boolean {
  if ((acl.worldPerms & perms) !== 0 || acl.entries.length === 0) return true;
  return (granted(acl, identities) & perms) !== 0;
}

/** What a list lets somebody do. A multi may ask it of one list ten thousand times over. */
function granted(acl: AccessList, identities: readonly Identity[]): number {
  if (judged !== identities || verdicts.size >= VERDICTS_MAX) {
    verdicts.clear();
    judged = identities;
  }
  const known = verdicts.get(acl);
  if (known !== undefined) return known;
  const isBound = !identities.some((identity) => identity.scheme === SUPER || identity === unbound);
  const perms = isBound ? acl.grants.of(identities) : permissions.all;
  verdicts.set(acl, perms);
  return perms;
}

/**
 * The list that is stored for one that a client asked for: `auth` replaced by the identities that the client has proved,
 * duplicates gone.
 */
export function resolveAcl(
  asked: readonly Acl[],
  identities: readonly Identity[],
  rules: AccessRules,
): AccessList | ErrorName {
  if (asked === openAcl) return openList;
  if (asked.length === 0 || asked.length > ENTRIES_MAX) return 'invalid_acl';
  if (!asked.every((entry) => isAuth(entry) || isLegal(entry, rules))) return 'invalid_acl';
  if (!asked.some(isAuth)) return sharedList(distinct(asked));
  const resolved = replaceAuth(asked, identities.filter(isProof));
  return resolved === undefined ? 'invalid_acl' : sharedList(resolved);
}

/** The list with every identity in place of `auth`, if there are some and not too many. */
function replaceAuth(asked: readonly Acl[], proved: readonly Identity[]): readonly Acl[] | undefined {
  if (proved.length === 0) return undefined;
  // However many entries say `auth`, those with the same permissions are one.
  const once = distinct(asked.map((entry) => (isAuth(entry) ? { ...entry, id: { scheme: 'auth', id: '' } } : entry)));
  const bytes = once.filter(isAuth).length * proved.reduce((sum, { scheme, id }) => sum + scheme.length + id.length, 0);
  if (bytes > PROVED_BYTES_MAX) return undefined;
  const resolved = distinct(
    once.flatMap((entry) => (isAuth(entry) ? proved.map((id) => ({ perms: entry.perms, id })) : [entry])),
  );
  return resolved.length > ENTRIES_MAX ? undefined : resolved;
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

function isAuth({ id }: Acl): boolean {
  return id.scheme === 'auth';
}

/** Whether an identity stands for a person or program, not for a place: `auth` does not make a list of places. */
function isProof(identity: Identity): boolean {
  return identity.scheme === 'digest' || identity.scheme === 'x509' || identity.scheme === 'sasl';
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
      return rules.x509 === 'accepted' && isDistinguishedName(id);
    case 'sasl':
      return rules.sasl === 'accepted' && isSaslName(id);
    default:
      return false;
  }
}

/** `user:digest`. As in DigestAuthenticationProvider, colons at the end do not count. */
function isDigestId(id: string): boolean {
  return id.replace(/:+$/, '').split(':').length === 2;
}
