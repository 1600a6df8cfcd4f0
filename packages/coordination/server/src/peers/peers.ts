import type { Logger } from '@reeve/base';
import { type MemberId, type Membership, type ZabEvent, type ZabOutbox, zabDefaults } from '@reeve/zab';
import { SparingLog } from '../sparing-log.ts';
import { Dialler } from './dialler.ts';
import type { EnsembleConfig } from './ensemble-config.ts';
import { readEnsembleSecret } from './ensemble-secret.ts';
import type { KnownPeer } from './greet.ts';
import type { SnapshotFrames } from './link-output.ts';
import type { LinkFacts } from './link-traffic.ts';
import { Links } from './links.ts';
import { NotificationInbox } from './notification-inbox.ts';
import { NotificationLine } from './notification-line.ts';
import { type PeerAddress, plainCarrier } from './peer-carrier.ts';
import { PeerDoor } from './peer-door.ts';
import type { PeerGround } from './peer-ground.ts';
import { type Place, placeOf } from './place.ts';
import { openTlsCarrier } from './tls-carrier.ts';

/** The longest frame between members, bytes: a multi, or the end of a session with all its ephemerals, is one. */
const frameBytesMax = 256 * 1024 * 1024;

/** What the connections to other members are made of. */
export interface PeersParts {
  readonly config: EnsembleConfig;
  readonly logger: Logger;
  readonly frames: SnapshotFrames;
  /** Takes what happens; never called from within a call of `Peers`. */
  readonly tell: (event: ZabEvent) => void;
  /** Bytes that may wait for one learner before it is given up. */
  readonly backlogBytesMax?: number;
}

/**
 * The connections between this member and the others: votes over the election ports, links between learners and their
 * leader over the peer ports. Carries what agreement asks for and tells it what happens; decides nothing.
 *
 * @example
 * const peers = new Peers({ config, logger, frames, tell: (event) => step({ kind: 'zab', event }) });
 * await peers.listen();
 * peers.perform(replica.outbox.zab);
 */
export class Peers {
  readonly #config: EnsembleConfig;
  readonly #logger: Logger;
  readonly #complaints: SparingLog;
  readonly #places = new Map<MemberId, Place>();
  readonly #lines = new Map<MemberId, NotificationLine>();
  readonly #inbox: NotificationInbox;
  readonly #links: Links;
  #ground: PeerGround | undefined;
  #dialler: Dialler | undefined;
  #doors: PeerDoor[] = [];

  constructor({ config, logger, frames, tell, backlogBytesMax = zabDefaults.learnerBacklogBytesMax }: PeersParts) {
    this.#config = config;
    this.#logger = logger;
    const complaints = new SparingLog(logger);
    this.#complaints = complaints;
    this.#inbox = new NotificationInbox(complaints, (notification) => tell({ kind: 'notified', notification }));
    this.#links = new Links({ complaints, frames, backlogBytesMax, frameBytesMax, tell });
    this.#learnPlaces(config.membership);
  }

  /**
   * Reads what members prove themselves with, listens for them, and begins to connect to them.
   *
   * @throws SecurityError, ServerError
   */
  async listen(): Promise<void> {
    const ground = await groundOf(this.#config, this.#logger, this.#complaints);
    this.#ground = ground;
    this.#dialler = new Dialler(
      ground,
      (member) => peerAddress(this.#places.get(member)),
      (peer) => this.#links.add(peer, 'dialled'),
    );
    try {
      await this.#open(ground);
    } catch (error) {
      this.stop();
      throw error;
    }
    this.#drawLines(ground);
  }

  /** The links that there are. */
  get links(): readonly LinkFacts[] {
    return this.#links.facts;
  }

  /** Performs what concerns other members, in the order that the outbox lays down. */
  perform(outbox: ZabOutbox): void {
    this.#links.send(outbox);
    for (const [member, notification] of outbox.notifications) this.#lines.get(member)?.tell(notification);
    this.#links.close(outbox.closing);
    if (outbox.dial !== undefined) this.#dialler?.dial(outbox.dial.leader);
  }

  /** Before `listen`: these members were known, and where they were goes before the configuration. */
  remember(membership: Membership): void {
    this.#learnPlaces(membership);
  }

  /** Others belong to the ensemble from now on, or are elsewhere. This member's own ports change with its next start. */
  reconfigured(membership: Membership): void {
    this.#places.clear();
    this.#learnPlaces(membership);
    if (this.#ground !== undefined) this.#drawLines(this.#ground);
  }

  /** Reads nothing of what the leader sends until `resume`: it comes faster than this member's disk takes it. */
  pause(): void {
    this.#links.pause();
  }

  resume(): void {
    this.#links.resume();
  }

  /** Closes everything; nothing is told any more. */
  stop(): void {
    for (const door of this.#doors.splice(0)) door.close();
    this.#dialler?.stop();
    for (const line of this.#lines.values()) line.stop();
    this.#lines.clear();
    this.#inbox.stop();
    this.#links.stop();
    this.#ground?.carrier.stop();
    this.#ground = undefined;
  }

  async #open(ground: PeerGround): Promise<void> {
    const { id, listenOn } = this.#config;
    const own = this.#places.get(id);
    if (own === undefined) return;
    const host = listenOn === 'every_address' ? '*' : own.host;
    const election = new PeerDoor(ground, 'election', (peer) => this.#hear(peer));
    const links = new PeerDoor(ground, 'peer', (peer) => this.#links.add(peer, 'accepted'));
    this.#doors.push(election, links);
    await election.listen({ host, port: own.electionPort, setting: 'electionPort' });
    await links.listen({ host, port: own.peerPort, setting: 'peerPort' });
  }

  /** Who connects is there to be connected to. */
  #hear(peer: KnownPeer): void {
    this.#inbox.add(peer);
    this.#lines.get(peer.peer)?.hurry();
  }

  #learnPlaces({ members }: Membership): void {
    for (const { id, place } of members) {
      const known = placeOf(place);
      if (known !== undefined) this.#places.set(id, known);
      else this.#logger.warn({ member: id, place }, 'nobody can tell where a member is: it is not connected to');
    }
  }

  /** One line to each other member, at the address where it is now. */
  #drawLines(ground: PeerGround): void {
    for (const [member, line] of this.#lines) {
      const { host, port } = line.end.address;
      const place = this.#places.get(member);
      if (place?.host === host && place.electionPort === port) continue;
      line.stop();
      this.#lines.delete(member);
    }
    for (const [member, place] of this.#places) {
      if (member === this.#config.id || this.#lines.has(member)) continue;
      const address = { host: place.host, port: place.electionPort };
      this.#lines.set(member, new NotificationLine(ground, { member, address }));
    }
  }
}

async function groundOf(
  { id: self, connectTimeoutMs, security, membership }: EnsembleConfig,
  logger: Logger,
  complaints: SparingLog,
): Promise<PeerGround> {
  const { secretFile, tls } = security;
  if (secretFile === undefined && tls === undefined) warnOfStrangers(membership, logger);
  const secret = secretFile === undefined ? undefined : await readEnsembleSecret(secretFile, logger);
  const carrier = tls === undefined ? plainCarrier : await openTlsCarrier({ config: tls, logger, complaints });
  return { self, connectTimeoutMs, logger, complaints, secret, carrier };
}

const loopback = /^(localhost|127\.[\d.]+|::1)$/i;

function warnOfStrangers({ members }: Membership, logger: Logger): void {
  const away = members.map(({ place }) => placeOf(place)?.host ?? '').filter((host) => !loopback.test(host));
  if (away.length === 0) return;
  logger.warn(
    { hosts: away },
    'whoever reaches the ports of members may pass for one: set reeve.ensembleSecretFile or sslQuorum=true',
  );
}

/** Where learners find a leader. */
function peerAddress(place: Place | undefined): PeerAddress | undefined {
  return place && { host: place.host, port: place.peerPort };
}
