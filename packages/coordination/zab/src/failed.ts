import type { Member } from './member.ts';
import type { Failure, OpenedLink, Role, RoleStatus } from './role.ts';

/** Takes no part: it has no disk to keep a promise with. */
export class Failed implements Role {
  readonly #member: Member;
  readonly #failure: Failure;

  constructor(member: Member, failure: Failure) {
    this.#member = member;
    this.#failure = failure;
  }

  /** Whether it waits for what was on its way to the disk: a journal that fails has lost it. */
  get waits(): boolean {
    return this.#failure === 'disk_silent';
  }

  readonly wakeAtMs = undefined;

  linkTo(): undefined {}

  begin(): void {
    if (this.#failure === 'reload_needed') this.#member.outbox.restart = 'needed';
  }

  end(): void {}

  notified(): void {}

  opened({ link }: OpenedLink): void {
    this.#member.close(link);
  }

  received(): void {}

  closed(): void {}

  /** A disk that was silent is one again when all that was on its way to it has arrived. */
  advanced(): void {
    const { history } = this.#member;
    if (this.#failure !== 'disk_silent' || history.silentSinceMs !== undefined) return;
    if (history.persisted < history.last) return;
    this.#member.turn({ to: 'looking', why: 'the disk answers again' });
  }

  timer(): void {}

  recovered(): void {
    if (this.#failure !== 'journal_failed') return;
    this.#member.turn({ to: 'looking', why: 'the journal takes entries again' });
  }

  status(): RoleStatus {
    return { role: 'failed', phase: 'electing', leader: undefined, learners: [] };
  }
}
