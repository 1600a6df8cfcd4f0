import { type Backoff, backoffMs } from '@reeve/base';
import type { MemberId } from '@reeve/zab';
import type { Failure, KnownPeer } from './greet.ts';
import { PeerCall } from './peer-call.ts';
import type { PeerAddress } from './peer-carrier.ts';
import type { PeerGround } from './peer-ground.ts';

/** A leader is tried often: it has just been elected, and whole elections are shorter than a second. */
const retry: Backoff = { baseMs: 20, factor: 1.2, ceilingMs: 50, jitter: 0.2 };

/** Tries one member, the leader that was elected, until it is reached or another is named. */
export class Dialler {
  readonly #ground: PeerGround;
  /** Asked for each try: members may move. */
  readonly #whereIs: (member: MemberId) => PeerAddress | undefined;
  readonly #reached: (peer: KnownPeer) => void;
  #leader: MemberId | undefined;
  #call: PeerCall | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;

  constructor(
    ground: PeerGround,
    whereIs: (member: MemberId) => PeerAddress | undefined,
    reached: (peer: KnownPeer) => void,
  ) {
    this.#ground = ground;
    this.#whereIs = whereIs;
    this.#reached = reached;
  }

  /** From now on tries this member, or nobody. */
  dial(leader: MemberId | undefined): void {
    if (leader !== undefined && leader === this.#leader) return;
    this.stop();
    this.#leader = leader;
    this.#failures = 0;
    if (leader !== undefined) this.#try(leader);
  }

  stop(): void {
    this.#leader = undefined;
    clearTimeout(this.#retry);
    this.#call?.cancel();
    this.#call = undefined;
  }

  #try(member: MemberId): void {
    const address = this.#whereIs(member);
    if (address === undefined) return this.#again(member);
    this.#call = new PeerCall(
      this.#ground,
      { member, address, purpose: 'peer' },
      {
        known: (peer) => {
          this.#call = undefined;
          this.#leader = undefined;
          this.#reached(peer);
        },
        failed: (failure) => this.#failed(member, failure),
      },
    );
  }

  #failed(member: MemberId, { kind, reason }: Failure): void {
    const facts = { leader: member, ...this.#whereIs(member), reason };
    if (kind === 'lost') this.#ground.logger.debug(facts, 'the leader is not reached');
    else this.#ground.complaints.warn(facts, 'the leader was reached, and does not talk to this member');
    this.#again(member);
  }

  #again(member: MemberId): void {
    this.#call = undefined;
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#try(member), backoffMs(retry, this.#failures, Math.random));
  }
}
