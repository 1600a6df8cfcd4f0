import { invariant } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { type Participant, participantsOf } from '../line/participants.ts';
import { type LossReason, Place, type PlaceEvent, type SafetyOptions } from '../line/place.ts';
import { EventHub, type RecipeEvents } from '../recipe/recipe-events.ts';
import type { WaitOptions } from '../recipe/waiting.ts';
import { untilUnwanted } from '../recipe/waiting.ts';

/**
 * `standing`: in line behind others; `leading`: first in line; `lost`: it may no longer claim to lead, or to stand, and
 * will not again; `stopped`: by its owner. The last two are final: to stand again, make another one.
 */
export type ElectionState = 'idle' | 'standing' | 'leading' | 'lost' | 'stopped';

/** One who leads. */
export interface Candidate {
  readonly path: string;
  /** The zxid of its creation: grows from one leader to the next, so it can fence what an earlier one writes. */
  readonly czxid: number;
}

/** What an election tells. */
export type ElectionEvent =
  | { readonly kind: 'elected'; readonly candidate: Candidate }
  | { readonly kind: 'lost'; readonly reason: LossReason; readonly cause?: unknown };

/** What an election is about. */
export interface ElectionOptions extends SafetyOptions {
  /** The znode under which the candidates stand; created when it is missing. */
  readonly path: string;
  /** What the candidate's znode says of its owner. */
  readonly data: Uint8Array;
  /** What the names of candidates hold before their number; `candidate-` unless given. Curator's latches: `latch-`. */
  readonly name?: string;
}

/**
 * Elects one of many: each stands with an ephemeral sequential znode, the first in line leads, and each of the others
 * watches only the one before it, so that a change wakes one of them and not all.
 *
 * @example
 * const election = new LeaderElection(client, { path: '/reeve/masters', data });
 * election.events.subscribe((event) => console.log(event.kind));
 * await election.start();
 */
export class LeaderElection {
  readonly events: RecipeEvents<ElectionEvent>;
  readonly #hub: EventHub<ElectionEvent>;
  readonly #client: Coordination;
  readonly #path: string;
  readonly #place: Place;

  constructor(client: Coordination, { name = 'candidate-', ...options }: ElectionOptions) {
    this.#client = client;
    this.#path = options.path;
    this.#hub = new EventHub(options.path);
    this.events = this.#hub;
    this.#place = new Place(client, { ...options, name, ahead: (line, own) => line[own - 1] });
    this.#place.events.subscribe((event) => this.#changed(event));
  }

  /** Looks at the clock too: who slept too long leads no more. */
  get state(): ElectionState {
    return states[this.#place.state];
  }

  /** Who leads, when that is this one. */
  get candidate(): Candidate | undefined {
    if (this.state !== 'leading') return undefined;
    return { path: this.#place.path as string, czxid: this.#place.czxid };
  }

  /**
   * Stands; resolves when the candidate is in line.
   *
   * @throws RecipeError `session_over`, `stopped`, `lost`, `aborted` or `deadline_exceeded`; ClientError where the
   *   service refuses
   */
  async start(options: WaitOptions = {}): Promise<void> {
    invariant(this.state === 'idle', 'an election is started once');
    try {
      await this.#place.enter(untilUnwanted(options));
    } catch (error) {
      // Why it does not stand says more than why that could not be taken back.
      await this.#place.leave().catch(() => undefined);
      throw error;
    }
  }

  /** Everybody who stands, the leader first. */
  candidates(): Promise<readonly Participant[]> {
    return participantsOf(this.#client, { path: this.#path, holds: (_, at) => at === 0 });
  }

  /**
   * Withdraws: deletes the candidate, so that the next in line leads at once. Takes two seconds at most; out of touch
   * it returns at once, and the candidate goes when a server is reached again, or with the session. Idempotent.
   */
  async stop(): Promise<void> {
    this.#hub.end();
    await this.#place.leave();
  }

  #changed(event: PlaceEvent): void {
    if (event.kind === 'granted') {
      const candidate = { path: this.#place.path as string, czxid: this.#place.czxid };
      this.#hub.tell({ kind: 'elected', candidate });
    } else if (event.kind === 'lost') {
      this.#hub.tell(event);
      this.#hub.end();
    }
  }
}

const states = { idle: 'idle', waiting: 'standing', granted: 'leading', lost: 'lost', left: 'stopped' } as const;
