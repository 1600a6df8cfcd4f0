import { createHash } from 'node:crypto';
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
import { Replica, type ReplicaOptions, replicaDefaults } from '@reeve/replica';
import { ClientConnection } from './client-connection.ts';
import type { CoordinatorConfig } from './config.ts';
import { Listener } from './listener.ts';
import { Member } from './member.ts';
import { firstSessionId, sessionPassword, sessionSecret } from './session-secret.ts';

/** A running coordinator: an ensemble of one. */
export interface Coordinator {
  /** Where it listens. */
  readonly port: number;
  /** What was on disk when it started. */
  readonly recovered: Recovered;
  /** Answers what has been asked, closes everything, and lets go of the data directory. Sessions live on. */
  stop(): Promise<void>;
}

/** What a coordinator may be given beside its configuration. */
export interface CoordinatorOptions {
  readonly logger?: Logger;
  /** What to write to instead of the real disk: a simulated one, or one that fails. */
  readonly disk?: Disk;
}

/**
 * Starts a coordinator: takes the data directory, restores what it holds, and listens.
 *
 * @throws JournalError when the directory is in use, cannot be used, or holds something that cannot be trusted
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
    await release(locks);
    throw error;
  }
}

async function start(
  config: CoordinatorConfig,
  { logger = silent, disk = config.sync === 'always' ? nodeDisk : unsyncedDisk }: CoordinatorOptions,
  locks: readonly DirectoryLock[],
): Promise<Coordinator> {
  const replica = new Replica(await replicaOptions(config));
  const member = new Member({ config, replica, logger });
  const settings: JournalSettings = { ...config, disk, logger, retry: journalDefaults.retry };
  const { journal, recovered } = await openJournal(settings, restoring(replica), member);
  const listener = new Listener({ config, logger, totals: member.totals }, (id, socket) =>
    member.add(new ClientConnection(id, socket, member)),
  );
  member.start(journal);
  member.port = await listen(listener, member);
  return {
    port: member.port,
    recovered,
    async stop() {
      listener.stop();
      await member.stop();
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
  return {
    ...replicaDefaults,
    tickMs: config.tickMs,
    sessionTimeoutMinMs: config.sessionTimeoutMsMin,
    sessionTimeoutMaxMs: config.sessionTimeoutMsMax,
    timeToLive: config.extendedTypes === 'enabled' ? 'accepted' : 'refused',
    superDigest: config.superDigest,
    containerCheckIntervalMs: config.reapIntervalMs,
    firstSessionId: firstSessionId(Date.now()),
    sessionPassword: (session) => sessionPassword(secret, session),
    digest: (credentials) => createHash('sha1').update(credentials).digest('base64'),
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

async function listen(listener: Listener, member: Member): Promise<number> {
  try {
    return await listener.listen();
  } catch (error) {
    await member.stop();
    throw error;
  }
}
