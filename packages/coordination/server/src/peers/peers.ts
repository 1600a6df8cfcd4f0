import type { Logger } from '@reeve/base';
import { type MemberId, type Membership, type ZabEvent, type ZabOutbox, zabDefaults } from '@reeve/zab';
import { SparingLog } from '../sparing-log.ts';
import { Dialler } from './dialler.ts';
import type { EnsembleConfig } from './ensemble-config.ts';
import type { SnapshotFrames } from './link-output.ts';
import { Links } from './links.ts';
import { NotificationInbox } from './notification-inbox.ts';
import { NotificationLine } from './notification-line.ts';
import { PeerDoor } from './peer-door.ts';
import type { PeerGround } from './peer-ground.ts';
import { type PeerAddress, PeerTrust } from './peer-trust.ts';
import { type Place, placeOf } from './place.ts';

/** The longest frame between members, bytes: a multi or the end of a session with all its ephemerals is one. */
const frameBytesMax = 256 * 1024 * 1024;

/** What the connections to other members are made of. */
export interface PeersParts {
  readonly config: EnsembleConfig;
  readonly logger: Logger;
  readonly frames: SnapshotFrames;
  /** Takes what happens: never called from within a call of `Peers`, but for what `listen` and `perform` begin. */
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
  readonly #ground: PeerGround;
  readonly #config: EnsembleConfig;
  readonly #places = new Map<MemberId, Place>();
  readonly #lines = new Map<MemberId, NotificationLine>();
  readonly #inbox: NotificationInbox;
  readonly #links: Links;
  readonly #dialler: Dialler;
  readonly #doors: readonly PeerDoor[];

  constructor({ config, logger, frames, tell, backlogBytesMax = zabDefaults.learnerBacklogBytesMax }: PeersParts) {
    const complaints = new SparingLog(logger);
    const { id: self, connectTimeoutMs } = config;
    this.#config = config;
    this.#ground = { self, connectTimeoutMs, logger, complaints, trust: new PeerTrust(undefined) };
    this.#inbox = new NotificationInbox(complaints, (notification) => tell({ kind: 'notified', notification }));
    this.#links = new Links({ complaints, frames, backlogBytesMax, frameBytesMax, tell });
    this.#dialler = new Dialler(
      this.#ground,
      (member) => {
        const place = this.#places.get(member);
        return place && addressOf(place, 'peerPort');
      },
      (peer) => this.#links.add(peer, 'dialled'),
    );
    this.#doors = [
      new PeerDoor(this.#ground, 'election', (peer) => {
        this.#inbox.add(peer);
        this.#lines.get(peer.peer)?.hurry();
      }),
      new PeerDoor(this.#ground, 'peer', (peer) => this.#links.add(peer, 'accepted')),
    ];
    this.#learnPlaces(config.membership);
  }

  /**
   * Listens for other members, and begins to connect to them.
   *
   * @throws ServerError
   */
  async listen(): Promise<void> {
    const own = this.#places.get(this.#config.id);
    const [election, peer] = this.#doors;
    if (own === undefined || election === undefined || peer === undefined) return;
    const host = this.#config.listenOn === 'every_address' ? '*' : own.host;
    await election.listen({ host, port: own.electionPort, setting: 'electionPort' });
    await peer.listen({ host, port: own.peerPort, setting: 'peerPort' });
    this.#drawLines();
  }

  /** Performs what concerns other members, in the order that the outbox lays down. */
  perform(outbox: ZabOutbox): void {
    this.#links.send(outbox);
    for (const [member, notification] of outbox.notifications) this.#lines.get(member)?.tell(notification);
    this.#links.close(outbox.closing);
    if (outbox.dial !== undefined) this.#dialler.dial(outbox.dial.leader);
  }

  /** Others belong to the ensemble from now on, or are elsewhere. */
  reconfigured(membership: Membership): void {
    this.#learnPlaces(membership);
    this.#drawLines();
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
    for (const door of this.#doors) door.close();
    this.#dialler.stop();
    for (const line of this.#lines.values()) line.stop();
    this.#inbox.stop();
    this.#links.stop();
  }

  #learnPlaces({ members }: Membership): void {
    this.#places.clear();
    for (const { id, place } of members) {
      const known = placeOf(place);
      if (known !== undefined) this.#places.set(id, known);
      else this.#ground.logger.warn({ member: id, place }, 'nobody can tell where a member is: it is not connected to');
    }
  }

  /** One line to each other member, at the address where it is now. */
  #drawLines(): void {
    for (const [member, line] of this.#lines) {
      if (isAt(line, this.#places.get(member))) continue;
      line.stop();
      this.#lines.delete(member);
    }
    for (const [member, place] of this.#places) {
      if (member === this.#config.id || this.#lines.has(member)) continue;
      const address = addressOf(place, 'electionPort');
      this.#lines.set(member, new NotificationLine(this.#ground, { member, address }));
    }
  }
}

function addressOf(place: Place, port: 'peerPort' | 'electionPort'): PeerAddress {
  return { host: place.host, port: place[port] };
}

function isAt({ end: { address } }: NotificationLine, place: Place | undefined): boolean {
  return place?.host === address.host && place.electionPort === address.port;
}
