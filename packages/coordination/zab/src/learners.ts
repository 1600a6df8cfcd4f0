import type { LinkId } from './event.ts';
import { LearnerLink } from './learner-link.ts';
import type { MemberId } from './membership.ts';
import type { Message } from './message.ts';
import type { ZabOptions } from './options.ts';

/** The learners of a leader: at most one link to each member. */
export class Learners {
  readonly #byLink = new Map<LinkId, LearnerLink>();
  readonly #byPeer = new Map<MemberId, LearnerLink>();

  get size(): number {
    return this.#byLink.size;
  }

  /** All of them, as they are now: the caller may part from some on the way. */
  get all(): LearnerLink[] {
    return [...this.#byLink.values()];
  }

  at(link: LinkId): LearnerLink | undefined {
    return this.#byLink.get(link);
  }

  of(peer: MemberId): LearnerLink | undefined {
    return this.#byPeer.get(peer);
  }

  add(link: { link: LinkId; peer: MemberId }, nowMs: number): LearnerLink {
    const learner = new LearnerLink(link, nowMs);
    this.#byLink.set(learner.link, learner);
    this.#byPeer.set(learner.peer, learner);
    return learner;
  }

  remove({ link, peer }: LearnerLink): void {
    this.#byLink.delete(link);
    this.#byPeer.delete(peer);
  }

  /** Does something for each that gets what is proposed; nothing is collected on the way, as it is done for each entry. */
  forListening(act: (learner: LearnerLink) => void): void {
    for (const learner of this.#byLink.values()) if (learner.listens) act(learner);
  }

  /** Those that have not been heard of for longer than they may be silent. */
  silent(
    nowMs: number,
    { initTimeoutMs, syncTimeoutMs }: Pick<ZabOptions, 'initTimeoutMs' | 'syncTimeoutMs'>,
  ): LearnerLink[] {
    return this.all.filter(({ caughtUp, heardMs }) => nowMs - heardMs >= (caughtUp ? syncTimeoutMs : initTimeoutMs));
  }

  hasCaughtUp(peer: MemberId): boolean {
    return this.#byPeer.get(peer)?.caughtUp === true;
  }

  hasPromised(peer: MemberId): boolean {
    const phase = this.#byPeer.get(peer)?.phase;
    return phase?.kind === 'promised' && phase.counted === 'yes';
  }

  hasJoined(peer: MemberId): boolean {
    const phase = this.#byPeer.get(peer)?.phase;
    return phase !== undefined && (phase.kind !== 'joining' || phase.join !== undefined);
  }

  /** With what a member asked to join, when it waits for an answer. */
  joinOf(peer: MemberId): Extract<Message, { kind: 'join' }> | undefined {
    const phase = this.#byPeer.get(peer)?.phase;
    return phase?.kind === 'joining' ? phase.join : undefined;
  }

  /** The last epoch that one of those that wait has promised to somebody; 0 when nobody waits. */
  get acceptedEpochMax(): number {
    let accepted = 0;
    for (const peer of this.#byPeer.keys()) accepted = Math.max(accepted, this.joinOf(peer)?.acceptedEpoch ?? 0);
    return accepted;
  }
}
