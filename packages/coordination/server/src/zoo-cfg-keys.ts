import { z } from 'zod';

/** What a key's value must be, and how to say so. */
export interface KeyRow<T> {
  readonly schema: z.ZodType<T, string>;
  readonly allowed: string;
}

function key<T>(schema: z.ZodType<T, string>, allowed: string): KeyRow<T> {
  return { schema, allowed };
}

function whole(unit: string, min: number, max = Number.MAX_SAFE_INTEGER): KeyRow<number> {
  const schema = z
    .string()
    .regex(/^-?(\d+|0x[0-9a-fA-F]+)$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max));
  const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `from ${min} to ${max}`;
  return key(schema, `must be a whole number${unit === '' ? '' : ` of ${unit}`}, ${range}`);
}

function choice(yes: string, no: string): KeyRow<'yes' | 'no'> {
  const schema = z
    .string()
    .toLowerCase()
    .pipe(z.enum([yes, no]))
    .transform((word): 'yes' | 'no' => (word === yes ? 'yes' : 'no'));
  return key(schema, `must be ${yes} or ${no}`);
}

const trueOrFalse = choice('true', 'false');
const text = (allowed: string) => key(z.string().min(1), allowed);
const words = key(
  z.string().transform((value) => value.split(',').map((word) => word.trim())),
  'must be a list of four-letter words with commas between them, or *',
);

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
  preAllocSize: whole('kilobytes', 64, 1024 * 1024),
  'autopurge.snapRetainCount': whole('snapshots', 1),
  'autopurge.purgeInterval': whole('hours (0: keep everything; otherwise old files go with each snapshot)', 0),
  '4lw.commands.whitelist': words,
  extendedTypesEnabled: trueOrFalse,
  forceSync: choice('yes', 'no'),
  'jute.maxbuffer': whole('bytes', 1024, 0x7fffffff),
  'DigestAuthenticationProvider.superDigest': text('must be user:base64(sha1(user:password))'),
  'znode.container.checkIntervalMs': whole('milliseconds', 1),
} as const;

/** A key that means something here. */
export type MeantKey = keyof typeof meant;

/** Keys that are right in a zoo.cfg and make no difference to an ensemble of one. */
export const withoutEffect: ReadonlySet<string> = new Set([
  'initLimit',
  'syncLimit',
  'syncEnabled',
  'standaloneEnabled',
  'reconfigEnabled',
  'readonlymode.enabled',
  'electionAlg',
  'leaderServes',
  'cnxTimeout',
  'quorumListenOnAllIPs',
  'peerType',
  'connectToLearnerMasterLimit',
  'admin.serverPort',
  'admin.serverAddress',
  'admin.commandURL',
  'admin.idleTimeout',
  'quorum.cnxn.threads.size',
  'globalOutstandingLimit',
  'preAllocEnabled',
  'fsync.warningthresholdms',
  'snapSizeLimitInKb',
  'znode.container.maxPerMinute',
  'znode.container.maxNeverUsedIntervalMs',
  'flushDelay',
  'commitLogCount',
]);

/** Keys that ask, with one value, for what is not there: it is said, and the coordinator starts without. */
export const missing: Readonly<Record<string, { readonly value: string; readonly message: string }>> = {
  'admin.enableServer': { value: 'true', message: 'there is no HTTP admin server: use the four-letter words' },
  enforceQuota: { value: 'true', message: 'quotas refuse nothing here' },
  skipACL: { value: 'yes', message: 'access lists are always checked here' },
};

/** Keys whose promise cannot be kept: going on would be worse than to refuse. */
export const refused: Readonly<Record<string, string>> = {
  secureClientPort: 'TLS is not served here: put a TLS proxy in front, and use clientPort',
  secureClientPortAddress: 'TLS is not served here: put a TLS proxy in front, and use clientPortAddress',
  dynamicConfigFile: 'is not read: write the server.N line into this file',
};
