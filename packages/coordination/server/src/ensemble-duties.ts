import { type Logger, messageOf } from '@reeve/base';
import { type Journal, type LogFault, writeEpochs } from '@reeve/journal';
import type { Outbox, ReplicaEvent } from '@reeve/replica';
import {
  type Membership,
  type SnapshotSource,
  writeSlice,
  writeSnapshotEnd,
  type ZabNote,
  type ZabOutbox,
} from '@reeve/zab';
import { sameMembers, writeDynamicConfig } from './peers/dynamic-config.ts';
import type { EnsembleConfig } from './peers/ensemble-config.ts';
import type { LinkFacts } from './peers/link-traffic.ts';
import { Peers } from './peers/peers.ts';
import { replaceSessionSecret } from './session-secret.ts';

/** What one of several members works with, beside what serves clients. */
export interface EnsembleDutiesParts {
  readonly config: EnsembleConfig;
  readonly dataDirectory: string;
  readonly logger: Logger;
  readonly step: (event: ReplicaEvent) => void;
  /** Has the member made anew from its disk. */
  readonly restart: () => void;
}

/** Log bytes waiting for the disk above which a learner reads nothing from its leader, and below which it goes on. */
const backlogBytesMax = 32 * 1024 * 1024;
const backlogBytesMin = 8 * 1024 * 1024;

/** Performs the part of an outbox that one member alone never fills: what concerns other members and the past of the log. */
export class EnsembleDuties {
  readonly #config: EnsembleConfig;
  readonly #dataDirectory: string;
  readonly #logger: Logger;
  readonly #step: EnsembleDutiesParts['step'];
  readonly #restart: EnsembleDutiesParts['restart'];
  readonly #peers: Peers;
  #journal: Journal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wakeAtMs = 0;
  #reading: 'on' | 'paused' = 'on';

  constructor({ config, dataDirectory, logger, step, restart }: EnsembleDutiesParts) {
    this.#config = config;
    this.#dataDirectory = dataDirectory;
    this.#logger = logger;
    this.#step = step;
    this.#restart = restart;
    this.#peers = new Peers({
      config,
      logger,
      frames: { writeSlice, writeSnapshotEnd },
      tell: (event) => step({ kind: 'zab', event } as ReplicaEvent),
    });
  }

  /**
   * Listens for other members.
   *
   * @param remembered who belongs to the ensemble by what was on disk, agreed on or not
   * @throws ServerError when it cannot
   */
  async start(journal: Journal, remembered: Membership | undefined): Promise<void> {
    this.#journal = journal;
    if (remembered !== undefined && remembered.version > this.#config.membership.version) {
      this.#tellOfChange(remembered);
      this.#peers.remember(remembered);
    }
    await this.#peers.listen();
  }

  /** The links to other members. */
  get links(): readonly LinkFacts[] {
    return this.#peers.links;
  }

  /**
   * Performs what comes before the entries: nothing of the same outbox may be seen by anybody before it is on disk. When
   * it cannot be, nothing may be seen any more: the member is made anew from what is there.
   */
  keep({ membership, secret, zab }: Outbox): 'kept' | 'not_kept' {
    try {
      if (membership !== undefined) this.#reconfigured(membership);
      if (secret !== undefined) replaceSessionSecret(this.#dataDirectory, secret);
      if (zab.epochs !== undefined) writeEpochs(this.#dataDirectory, zab.epochs);
    } catch (error) {
      const facts = { reason: messageOf(error), dataDirectory: this.#dataDirectory };
      this.#logger.error(facts, 'what this member promises could not be written: it starts again from its disk');
      this.#restart();
      return 'not_kept';
    }
    if (zab.truncate !== undefined) void this.#truncate(zab.truncate);
    if (zab.install !== undefined) void this.#install(zab.install);
    return 'kept';
  }

  /** Performs what goes to other members. */
  send(zab: ZabOutbox): void {
    this.#peers.perform(zab);
    for (const note of zab.notes) this.#note(note);
    if (zab.restart === 'needed') this.#restart();
    const backlogBytes = this.#journal?.backlogBytes ?? 0;
    if (this.#reading === 'on' && backlogBytes > backlogBytesMax) {
      this.#reading = 'paused';
      this.#peers.pause();
    } else if (this.#reading === 'paused' && backlogBytes < backlogBytesMin) {
      this.#reading = 'on';
      this.#peers.resume();
    }
  }

  /** Has the replica's agreement stepped in so many milliseconds, or before. */
  wakeIn(ms: number | undefined): void {
    if (ms === undefined) return;
    const atMs = performance.now() + ms;
    if (this.#timer !== undefined && this.#wakeAtMs <= atMs) return;
    clearTimeout(this.#timer);
    this.#wakeAtMs = atMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#step({ kind: 'zab', event: { kind: 'timer' } });
    }, ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#peers.stop();
  }

  /** What the tree says counts, whatever the server lines say, as soon as it is agreed on. */
  #tellOfChange(remembered: Membership): void {
    const { membership, dynamicConfigFile } = this.#config;
    if (sameMembers(membership, remembered)) return;
    const facts = { configured: idsOf(membership), members: idsOf(remembered), version: versionText(remembered) };
    const advice =
      dynamicConfigFile === undefined
        ? 'write them into the configuration, or name a dynamicConfigFile, which is kept up to date'
        : 'the dynamicConfigFile is brought up to date';
    this.#logger.warn(
      facts,
      `the ensemble was changed since, and its members are not those that are configured: ${advice}`,
    );
  }

  #reconfigured(membership: Membership): void {
    const { id, dynamicConfigFile } = this.#config;
    this.#peers.reconfigured(membership);
    const isMember = membership.members.some((member) => member.id === id);
    if (!isMember) {
      // It would not find itself in its file at its next start, and could not be taken back in.
      return this.#logger.warn(
        { version: versionText(membership) },
        'this member does not belong to the ensemble any more',
      );
    }
    if (dynamicConfigFile === undefined) return;
    try {
      writeDynamicConfig(dynamicConfigFile, membership);
    } catch (error) {
      // The tree has it as well, and is newer than the file from now on.
      const facts = { file: dynamicConfigFile, reason: messageOf(error), version: versionText(membership) };
      this.#logger.error(facts, 'the dynamicConfigFile could not be brought up to date: what it says is old');
    }
  }

  async #truncate(zxid: number): Promise<void> {
    try {
      await this.#journal?.truncate(zxid);
    } catch (error) {
      return this.#failed(error, 'the end of the log, which the leader does not have, could not be cut off');
    }
    this.#step({ kind: 'zab', event: { kind: 'truncated' } });
  }

  async #install(source: SnapshotSource): Promise<void> {
    try {
      const incoming = this.#journal?.install(source.zxid);
      for (const slice of source.slices) await incoming?.take(slice);
      await incoming?.finish(source.lastZxidSeen());
    } catch (error) {
      return this.#failed(error, 'the snapshot that the leader sent could not be written');
    }
    this.#step({ kind: 'zab', event: { kind: 'installed' } });
  }

  /** A member that cannot put its disk in order is made anew from what is there. */
  #failed(error: unknown, what: string): void {
    const fault: LogFault = { code: 'disk_failed', reason: messageOf(error) };
    this.#logger.error({ reason: fault.reason }, `${what}: this member starts again from its disk`);
    this.#step({ kind: 'journal_failed', fault });
  }

  #note({ level, message, facts }: ZabNote): void {
    this.#logger[level]({ ...facts }, message);
  }
}

function idsOf({ members }: Membership): string {
  return members.map(({ id, role }) => `${id}:${role}`).join(' ');
}

/** As in the file itself. */
function versionText({ version }: Membership): string {
  return version.toString(16);
}
