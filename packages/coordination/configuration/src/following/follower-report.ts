import { randomUUID } from 'node:crypto';
import { codeOf } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { GroupMember } from '@reeve/recipes';
import { encode, type FollowerRecord } from '../model/records.ts';

/** Followers that hear of the same change write what they have applied within this time, milliseconds, each at its own. */
const SPREAD_MS = 500;
/** Scopes that a report names. */
const SCOPES_MAX = 100;

/** What a report says besides what was always so. */
export type Applied = Pick<FollowerRecord, 'applied' | 'rollouts'>;

/** Tells everybody which versions a follower has applied: by an ephemeral znode, written after a change, not at once. */
export class FollowerReport {
  readonly #member: GroupMember;
  readonly #record: (applied: Applied) => Buffer;
  readonly #applied: () => Applied;
  readonly #onFailure: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Coordination, parts: ReportParts) {
    const { group, self, applied, onFailure } = parts;
    this.#applied = applied;
    this.#onFailure = onFailure;
    this.#record = ({ applied, rollouts }) =>
      encode({ ...self, applied: newest(applied), rollouts } satisfies FollowerRecord);
    // Several may have one id: an earlier life of the same process, for one.
    const name = `${encodeURIComponent(self.id)}~${randomUUID().slice(0, 8)}`;
    this.#member = new GroupMember(client, { group, name, data: this.#record(applied()) });
  }

  /** Says it for the first time. */
  start(): void {
    this.#member.start().catch((error) => this.#fail(error));
  }

  /** Something was applied. */
  renew(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#member.update(this.#record(this.#applied())).catch((error) => this.#fail(error));
    }, Math.random() * SPREAD_MS);
  }

  /** Says nothing any more. Takes two seconds at most. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#member.stop();
  }

  #fail(error: unknown): void {
    const code = codeOf(error);
    // That the follower has ended it knows by itself.
    if (code !== 'stopped' && code !== 'session_over' && code !== 'aborted') this.#onFailure(error);
  }
}

/** What a report is made of. */
export interface ReportParts {
  readonly group: string;
  readonly self: Omit<FollowerRecord, 'applied' | 'rollouts'>;
  readonly applied: () => Applied;
  /** Told when the service refuses it. */
  readonly onFailure: (error: unknown) => void;
}

function newest(applied: FollowerRecord['applied']): FollowerRecord['applied'] {
  const scopes = Object.entries(applied).sort(([, a], [, b]) => b - a);
  return Object.fromEntries(scopes.slice(0, SCOPES_MAX));
}
