import type { Socket } from 'node:net';
import type { MemberId } from '@reeve/zab';
import { type Failure, greet, type KnownPeer } from './greet.ts';
import { CallerGreeting, type Purpose } from './greeting.ts';
import type { PeerAddress } from './peer-carrier.ts';
import { type PeerGround, termsOf } from './peer-ground.ts';

/** How long a connection may take until the other side has accepted it: what is lost on the way is tried again soon. */
const acceptMsMax = 1_000;

/** Whom to call, and what for. */
export interface Callee {
  readonly member: MemberId;
  readonly address: PeerAddress;
  readonly purpose: Purpose;
}

/** Who is told how a call ended, once, unless it is cancelled before. */
export interface CallOutcome {
  known(peer: KnownPeer): void;
  failed(failure: Failure): void;
}

/** One try to reach a member: connects and greets, in limited time. */
export class PeerCall {
  readonly #socket: Socket;
  readonly #outcome: CallOutcome;
  #timer: NodeJS.Timeout;
  #ended = false;

  constructor(ground: PeerGround, { member, address, purpose }: Callee, outcome: CallOutcome) {
    this.#outcome = outcome;
    this.#socket = ground.carrier.connect(address, ({ socket, binding }) => {
      socket.off('error', this.#lose);
      greet(socket, new CallerGreeting(termsOf(ground, purpose, binding), member), {
        known: (peer) => this.#end(() => outcome.known(peer)),
        failed: (failure) => this.#end(() => outcome.failed(failure)),
      });
    });
    this.#socket.on('error', this.#lose).once('connect', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(this.#giveUp, ground.connectTimeoutMs);
    });
    this.#timer = setTimeout(this.#giveUp, Math.min(acceptMsMax, ground.connectTimeoutMs));
  }

  /** Gives up, and tells nobody. */
  cancel(): void {
    this.#end(() => this.#destroy());
  }

  readonly #giveUp = (): void => {
    this.#end(() => {
      this.#destroy();
      this.#outcome.failed({ peer: undefined, kind: 'lost', reason: 'it did not answer in time' });
    });
  };

  readonly #lose = (error: Error): void => {
    this.#end(() => this.#outcome.failed({ peer: undefined, kind: 'lost', reason: error.message }));
  };

  #destroy(): void {
    this.#socket.on('error', () => {});
    this.#socket.destroy();
  }

  #end(then: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    then();
  }
}
