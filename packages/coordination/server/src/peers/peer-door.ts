import type { Server, Socket } from 'node:net';
import { type ListenPlace, ServerError } from '../server-error.ts';
import { type Failure, greet, type KnownPeer } from './greet.ts';
import { HostGreeting, type Purpose } from './greeting.ts';
import type { Arrival } from './peer-carrier.ts';
import { type PeerGround, termsOf } from './peer-ground.ts';

/** Connections at a time that have not proved whose they are; one more takes the place of the oldest. */
const strangersMax = 64;

/** Listens on one of a member's two ports, and lets in those who prove to be members. */
export class PeerDoor {
  readonly #ground: PeerGround;
  readonly #purpose: Purpose;
  readonly #server: Server;
  readonly #accept: (peer: KnownPeer) => void;
  /** Connections that are not known yet, the oldest first. */
  readonly #strangers = new Map<Socket, NodeJS.Timeout>();

  constructor(ground: PeerGround, purpose: Purpose, accept: (peer: KnownPeer) => void) {
    this.#ground = ground;
    this.#purpose = purpose;
    this.#accept = accept;
    this.#server = ground.carrier.serve((stranger) => {
      this.#receive(stranger);
      return (arrival) => this.#greet(stranger, arrival);
    });
  }

  /** @throws ServerError */
  listen(place: ListenPlace): Promise<void> {
    const { host, port } = place;
    const server = this.#server;
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(ServerError.ofListen(error, place)));
      server.listen({ port, ...(host === '*' ? {} : { host }) }, () => {
        server.removeAllListeners('error');
        server.on('error', (error) => this.#complain({ reason: error.message }));
        resolve();
      });
    });
  }

  /** Lets nobody in any more. Those that are known stay. */
  close(): void {
    this.#server.close();
    for (const socket of this.#strangers.keys()) socket.destroy();
  }

  #receive(socket: Socket): void {
    const [oldest] = this.#strangers.keys();
    if (this.#strangers.size >= strangersMax && oldest !== undefined) {
      this.#complain({ reason: 'too many connections at a time that say nothing', limit: strangersMax });
      this.#forget(oldest);
      oldest.destroy();
    }
    socket.on('error', () => {});
    this.#strangers.set(
      socket,
      setTimeout(() => socket.destroy(), this.#ground.connectTimeoutMs),
    );
    socket.once('close', () => this.#forget(socket));
  }

  #greet(stranger: Socket, { socket, binding }: Arrival): void {
    const address = stranger.remoteAddress;
    greet(socket, new HostGreeting(termsOf(this.#ground, this.#purpose, binding)), {
      known: (peer) => {
        this.#forget(stranger);
        this.#accept(peer);
      },
      failed: (failure) => this.#failed(failure, address),
    });
  }

  #forget(socket: Socket): void {
    clearTimeout(this.#strangers.get(socket));
    this.#strangers.delete(socket);
  }

  #failed({ kind, reason, peer }: Failure, address: string | undefined): void {
    const facts = { address, peer, purpose: this.#purpose, reason };
    if (kind === 'lost') this.#ground.logger.debug(facts, 'a connection of a member was not completed');
    else this.#complain(facts);
  }

  #complain(facts: object): void {
    this.#ground.complaints.warn(
      { purpose: this.#purpose, ...facts },
      'a connection to a port for members was refused',
    );
  }
}
