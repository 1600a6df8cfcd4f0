import { createHash, randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { type Logger, silent } from '@reeve/base';
import {
  type DirectoryLock,
  type Disk,
  type JournalSettings,
  journalDefaults,
  lockDirectory,
  nodeDisk,
  openJournal,
  type Recovered,
  type RecoverySink,
  unsyncedDisk,
} from '@reeve/journal';
import { keyNameHashes, Replica, type ReplicaOptions, replicaDefaults } from '@reeve/replica';
import { type AuditRecord, auditRecord } from './audit-record.ts';
import type { CoordinatorConfig } from './config.ts';
import { openDoors } from './doors.ts';
import { Member } from './member.ts';
import { userName } from './process-facts.ts';
import type { CoordinatorReport } from './report.ts';
import { saslServer } from './security/sasl-users.ts';
import { firstSessionId, sessionPassword, sessionSecret } from './session-secret.ts';
import { StorageStatistics } from './storage-statistics.ts';

// Chance is not for the core: it is given the one number that no client must know, before there is a tree.
keyNameHashes(randomBytes(4).readInt32LE());

/** A running coordinator: an ensemble of one. */
export interface Coordinator {
  /** Where it listens without TLS; 0 when it does not. */
  readonly port: number;
  /** Where it listens with TLS; 0 when it does not. */
  readonly securePort: number;
  /** What was on disk when it started. */
  readonly recovered: Recovered;
  /** What it says of itself at this moment. */
  report(): CoordinatorReport;
  /** Answers what has been asked, closes everything, and lets go of the data directory. Sessions live on. */
  stop(): Promise<void>;
}

/** What a coordinator may be given beside its configuration. */
export interface CoordinatorOptions {
  readonly logger?: Logger;
  /** What to write to instead of the real disk: a simulated one, or one that fails. */
  readonly disk?: Disk;
  /** Takes a line for each change and each that was refused; without it nobody keeps who made them. */
  readonly audit?: (record: AuditRecord) => void;
}

/**
 * Starts a coordinator: takes the data directory, restores what it holds, and listens.
 *
 * @throws JournalError when the directory is in use, cannot be used, or holds something that cannot be trusted
 * @throws SecurityError when keys, certificates or users cannot be read
 * @throws ServerError when it cannot listen
 *
 * @example
 * const coordinator = await createServer(coordinatorConfig({ dataDirectory: './data', port: 0 }));
 * console.log(coordinator.port);
 * await coordinator.stop();
 */
export async function createServer(config: CoordinatorConfig, options: CoordinatorOptions = {}): Promise<Coordinator> {
  const locks = await lockDirectories(config);
  try {
    return await start(config, options, locks);
  } catch (error) {
    options.audit?.({ user: userName(), operation: 'serverStart', result: 'failure' });
    await release(locks);
    throw error;
  }
}

async function start(
  config: CoordinatorConfig,
  { logger = silent, disk = config.sync === 'always' ? nodeDisk : unsyncedDisk, audit }: CoordinatorOptions,
  locks: readonly DirectoryLock[],
): Promise<Coordinator> {
  const replica = new Replica({ ...(await replicaOptions(config)), audit: audit === undefined ? 'off' : 'on' });
  const storage = new StorageStatistics({ syncWarnMs: config.syncWarnMs, logger });
  const user = userName();
  const member = new Member({
    config,
    replica,
    logger,
    storage,
    audit: audit === undefined ? undefined : (note) => audit(auditRecord(note, user)),
  });
  const settings: JournalSettings = { ...config, disk, logger, retry: journalDefaults.retry, observer: storage };
  const begunMs = performance.now();
  const { journal, recovered } = await openJournal(settings, restoring(replica), member);
  storage.loaded(recovered.entries, performance.now() - begunMs);
  member.start(journal);
  const doors = await openDoors({ config, logger, member });
  const { port = 0, securePort = 0 } = member.ports;
  audit?.({ user, operation: 'serverStart', result: 'success' });
  return {
    port,
    securePort,
    recovered,
    report: () => member.report(),
    async stop() {
      doors.close();
      await member.stop();
      audit?.({ user, operation: 'serverStop', result: 'invoked' });
      await release(locks);
    },
  };
}

/** The log may lie elsewhere; then both places are taken. */
async function lockDirectories({ dataDirectory, logDirectory }: CoordinatorConfig): Promise<DirectoryLock[]> {
  const data = await lockDirectory(dataDirectory);
  if (resolve(logDirectory) === resolve(dataDirectory)) return [data];
  try {
    return [data, await lockDirectory(logDirectory)];
  } catch (error) {
    await data.release();
    throw error;
  }
}

async function release(locks: readonly DirectoryLock[]): Promise<void> {
  for (const lock of locks) await lock.release();
}

async function replicaOptions(config: CoordinatorConfig): Promise<ReplicaOptions> {
  const secret = await sessionSecret(config.dataDirectory);
  const { x509, x509SuperUser, sasl, requiredSchemes } = config.identity;
  return {
    ...replicaDefaults,
    x509,
    x509SuperUser,
    sasl,
    saslServer: await saslServer(config.identity),
    requiredSchemes,
    tickMs: config.tickMs,
    sessionTimeoutMinMs: config.sessionTimeoutMsMin,
    sessionTimeoutMaxMs: config.sessionTimeoutMsMax,
    timeToLive: config.extendedTypes === 'enabled' ? 'accepted' : 'refused',
    superDigest: config.superDigest,
    quotas: config.quotas,
    accessLists: config.accessLists,
    reconfiguration: config.reconfiguration,
    writesMax: config.writesMax,
    requestsMax: config.requestsMax ?? replicaDefaults.requestsMax,
    containerNeverUsedMs: config.containerNeverUsedMs,
    containerCheckIntervalMs: config.reapIntervalMs,
    firstSessionId: firstSessionId(Date.now()),
    sessionPassword: (session) => sessionPassword(secret, session),
    digest: (credentials) => createHash(config.digestAlgorithm).update(credentials).digest('base64'),
  };
}

function restoring(replica: Replica): RecoverySink {
  return {
    async snapshot(_zxid, slices) {
      const loader = replica.restore();
      for await (const slice of slices) loader.take(slice);
      loader.finish();
    },
    entries(entries) {
      for (const entry of entries) replica.replay(entry);
    },
  };
}
