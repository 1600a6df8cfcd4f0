import { idleKeys } from './idle-keys.ts';
import { anything, choice, type KeyRow, key, list, oneOf, text, trueOrFalse, whole } from './key-row.ts';
import { operatorKeys, operatorKeysWithoutEffect } from './operator-keys.ts';
import { ensembleKeys } from './peers/ensemble-keys.ts';
import { securityKeys, securityKeysWithoutEffect } from './security/security-keys.ts';
import { throttleKeys } from './throttle-keys.ts';

/** How large the files of the log may be set to grow. */
export const segmentKilobytes = { min: 64, max: 1024 * 1024 } as const;

const idle = anything('may be anything');

/** What the digests of user names and passwords are made with, by its name in Java. */
const digestAlgorithms = {
  MD5: 'md5',
  SHA1: 'sha1',
  'SHA-1': 'sha1',
  'SHA-224': 'sha224',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
  'SHA3-224': 'sha3-224',
  'SHA3-256': 'sha3-256',
  'SHA3-384': 'sha3-384',
  'SHA3-512': 'sha3-512',
} as const;

type DigestName = keyof typeof digestAlgorithms;

const digestAlgorithm = key(
  (name) =>
    Object.hasOwn(digestAlgorithms, name.toUpperCase())
      ? digestAlgorithms[name.toUpperCase() as DigestName]
      : undefined,
  `must be one of ${Object.keys(digestAlgorithms).join(', ')}`,
);
const skipAcl = {
  ...choice('yes', 'no'),
  remark: (answer: 'yes' | 'no') =>
    answer === 'yes' ? 'access lists bind nobody: every client may do everything' : undefined,
};

/** The keys of a zoo.cfg that mean something here. */
export const meant = {
  dataDir: text('must be the directory for snapshots and log'),
  dataLogDir: text('must be the directory for the log'),
  clientPort: whole('', 0, 65_535),
  clientPortAddress: text('must be an address of this machine'),
  tickTime: whole('milliseconds', 1),
  minSessionTimeout: whole('milliseconds', -1),
  maxSessionTimeout: whole('milliseconds', -1),
  maxClientCnxns: whole('connections (0: no limit)', 0),
  maxCnxns: whole('connections (0: no limit)', 0),
  snapCount: whole('log entries', 2),
  preAllocSize: whole('kilobytes', segmentKilobytes.min, segmentKilobytes.max),
  '4lw.commands.whitelist': list('must be a list of four-letter words with commas between them, or *'),
  extendedTypesEnabled: trueOrFalse,
  forceSync: choice('yes', 'no'),
  'jute.maxbuffer': whole('bytes', 1024, 0x7fffffff),
  'DigestAuthenticationProvider.superDigest': text('must be user:base64(sha1(user:password))'),
  'DigestAuthenticationProvider.digestAlg': digestAlgorithm,
  'DigestAuthenticationProvider.enabled': oneOf(['true'], 'must be true: digests cannot be turned off here'),
  'znode.container.checkIntervalMs': whole('milliseconds', 1),
  'znode.container.maxNeverUsedIntervalMs': whole('milliseconds (0: for ever)', 0),
  txnLogSizeLimitInKb: whole('kilobytes (-1: the default)', -1),
  enforceQuota: trueOrFalse,
  skipACL: skipAcl,
  reconfigEnabled: trueOrFalse,
  ...throttleKeys,
  ...operatorKeys,
  ...securityKeys,
  ...ensembleKeys,
} as const;

/** A key that means something here. */
export type MeantKey = keyof typeof meant;

/** Keys that are right in a zoo.cfg and make no difference here. */
export const withoutEffect: Readonly<Record<string, KeyRow<unknown>>> = {
  ...Object.fromEntries(operatorKeysWithoutEffect.map((name) => [name, idle])),
  ...Object.fromEntries(securityKeysWithoutEffect.map((name) => [name, idle])),
  ...idleKeys,
};

/** Keys that ask, with one value, for what is not there: it is said, and the coordinator starts without. */
export const missing: Readonly<Record<string, { readonly value: string; readonly message: string }>> = {
  'admin.portUnification': { value: 'true', message: 'the admin server speaks plain HTTP alone' },
};
