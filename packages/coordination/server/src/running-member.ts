import { createHash, randomBytes } from 'node:crypto';
import type { Logger } from '@reeve/base';
import {
  type Disk,
  type JournalSettings,
  journalDefaults,
  openJournal,
  type Recovered,
  type RecoverySink,
  readEpochs,
} from '@reeve/journal';
import { keyNameHashes, Replica, type ReplicaOptions, replicaDefaults } from '@reeve/replica';
import { type Membership, type ZabOptions, zabDefaults } from '@reeve/zab';
import { type AuditRecord, auditRecord } from './audit-record.ts';
import type { CoordinatorConfig } from './config.ts';
import { openDoors } from './doors.ts';
import type { Ports } from './listener.ts';
import { Member } from './member.ts';
import { placeOf, placeText } from './peers/place.ts';
import { userName } from './process-facts.ts';
import type { CoordinatorReport } from './report.ts';
import { saslServer } from './security/sasl-users.ts';
import { firstSessionId, sessionPassword, sessionSecret } from './session-secret.ts';
import { StorageStatistics } from './storage-statistics.ts';

// Chance is not for the core: it is given the one number that no client must know, before there is a tree.
keyNameHashes(randomBytes(4).readInt32LE());

const aloneMembership: Membership = { version: 0, members: [{ id: 1, role: 'participant', place: '' }] };

/** What a member is run with. */
export interface MemberSurroundings {
  readonly logger: Logger;
  readonly disk: Disk;
  readonly audit: ((record: AuditRecord) => void) | undefined;
  /** The member can go on only when it is made anew from what is on its disk. */
  readonly restart: () => void;
}

/** A member at work, from its recovery to its end. */
export interface RunningMember {
  readonly ports: Ports;
  /** What was on disk when it started. */
  readonly recovered: Recovered;
  report(): CoordinatorReport;
  stop(): Promise<void>;
}

/**
 * Restores what is on disk, and lets members and clients in.
 *
 * @throws JournalError, SecurityError, ServerError
 */
export async function runMember(
  config: CoordinatorConfig,
  { logger, disk, audit, restart }: MemberSurroundings,
): Promise<RunningMember> {
  const replica = new Replica({ ...(await replicaOptions(config)), audit: audit === undefined ? 'off' : 'on' });
  const storage = new StorageStatistics({ syncWarnMs: config.syncWarnMs, logger });
  const user = userName();
  const member = new Member({
    config,
    replica,
    logger,
    storage,
    audit: audit === undefined ? undefined : (note) => audit(auditRecord(note, user)),
    restart,
  });
  const settings: JournalSettings = { ...config, disk, logger, retry: journalDefaults.retry, observer: storage };
  const begunMs = performance.now();
  const { journal, recovered } = await openJournal(settings, restoring(replica), member);
  storage.loaded(recovered.entries, performance.now() - begunMs);
  await member.start(journal);
  const doors = await openDoors({ config, logger, member });
  return {
    ports: member.ports,
    recovered,
    report: () => member.report(),
    stop() {
      doors.close();
      return member.stop();
    },
  };
}

async function replicaOptions(config: CoordinatorConfig): Promise<ReplicaOptions> {
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
    // One alone has nothing to reconfigure, whether that is enabled or not.
    reconfiguration:
      config.ensemble !== undefined && config.reconfiguration === 'unimplemented' ? 'offered' : config.reconfiguration,
    writesMax: config.writesMax,
    requestsMax: config.requestsMax ?? replicaDefaults.requestsMax,
    containerNeverUsedMs: config.containerNeverUsedMs,
    containerCheckIntervalMs: config.reapIntervalMs,
    zab: zabOptions(config),
    readPlace,
    leaderServes: config.ensemble?.leaderServes ?? 'clients',
    readOnlyMode: config.ensemble?.readOnlyMode ?? 'disabled',
    firstSessionId: firstSessionId(Date.now(), config.ensemble?.id ?? 0),
    sessionSecret: await sessionSecret(config.dataDirectory),
    sessionPassword: (session, secret) => sessionPassword(secret, session),
    digest: (credentials) => createHash(config.digestAlgorithm).update(credentials).digest('base64'),
  };
}

const readPlace: ReplicaOptions['readPlace'] = (text) => {
  const place = placeOf(text);
  return place && { role: place.role, place: placeText(place) };
};

/** One alone is an ensemble of one: it elects itself, and keeps no epochs. */
function zabOptions({ dataDirectory, ensemble, tickMs }: CoordinatorConfig): ZabOptions {
  if (ensemble === undefined) return { ...zabDefaults, id: 1, membership: aloneMembership, epochs: undefined };
  const { id, membership, initTimeoutMs, syncTimeoutMs } = ensemble;
  const pingIntervalMs = tickMs / 2;
  return {
    ...zabDefaults,
    id,
    membership,
    epochs: readEpochs(dataDirectory),
    initTimeoutMs,
    syncTimeoutMs,
    pingIntervalMs,
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
