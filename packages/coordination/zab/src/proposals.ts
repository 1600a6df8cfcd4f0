import { Reader } from '@reeve/wire';
import type { Learners } from './learners.ts';
import type { Member } from './member.ts';
import type { EntryHead } from './recent-log.ts';

/** How long proposals wait for the disk to take those before them, milliseconds: then they go out all the same. */
const HELD_MS_MAX = 5;

/**
 * A leader's proposals on their way to its journal and its learners. What comes while the disk is at work goes out
 * together when that is done: disks take one batch after the other anyway, here and there, and each costs every member
 * messages and system calls. A disk that is slow holds nobody up for long.
 */
export class Proposals {
  readonly #member: Member;
  readonly #learners: Learners;
  readonly #payload = new Reader();
  /** The last that went out. */
  #sent: number;
  #heldSinceMs: number | undefined;

  constructor(member: Member, learners: Learners) {
    this.#member = member;
    this.#learners = learners;
    this.#sent = member.history.last;
  }

  /** The last that may go to the journal. */
  get sent(): number {
    return this.#sent;
  }

  /** When those that wait go out. */
  get wakeAtMs(): number | undefined {
    return this.#heldSinceMs === undefined ? undefined : this.#heldSinceMs + HELD_MS_MAX;
  }

  /** Whether what waits may go out now. */
  get due(): boolean {
    const { history, nowMs } = this.#member;
    return !history.isWriting || (this.wakeAtMs !== undefined && nowMs >= this.wakeAtMs);
  }

  /** Takes the next one. */
  add(head: EntryHead, payload: Buffer): void {
    const { history, nowMs } = this.#member;
    history.keep(head, this.#payload.reset(payload));
    this.#heldSinceMs ??= nowMs;
  }

  /** Sends what waits to all who listen. */
  send(): void {
    const { recent } = this.#member.history;
    this.#heldSinceMs = undefined;
    for (let index = recent.indexAfter(this.#sent); index < recent.end; index += 1) {
      this.#learners.forListening(({ link }) => recent.writeProposal(index, this.#member.writer(link)));
    }
    this.#sent = recent.last;
  }
}
