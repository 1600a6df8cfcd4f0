import type { Clock } from '@reeve/base';
import { codeOf, invariant } from '@reeve/base';
import { type Coordination, isFinal, monotonicClock, type SessionChange } from '@reeve/client';
import { type Candidate, findOwn, inLine } from './candidate.ts';
import { createUnder } from './ensure-path.ts';
import { takeBack } from './parting.ts';
import { RecipeError, recipeError } from './recipe-error.ts';
import { retrying } from './retrying.ts';

/**
 * `standing`: in line behind others; `leading`: first in line; `lost`: it may no longer claim to lead, or to stand, and
 * will not again; `stopped`: by its owner. The last two are final: to stand again, make another one.
 */
export type ElectionState = 'idle' | 'standing' | 'leading' | 'lost' | 'stopped';

/** Why an election was lost. */
export type LossReason =
  /** The session is over, and the candidate with it. */
  | 'session_over'
  /** No server was in touch for so long that the session may soon be over. */
  | 'session_suspended'
  /** Somebody has deleted the candidate. */
  | 'candidate_removed'
  /** The service refuses what the election needs; see `cause`. */
  | 'refused';

/** What an election tells its owner. */
export type ElectionEvent =
  | { readonly kind: 'elected'; readonly candidate: Candidate }
  | { readonly kind: 'lost'; readonly reason: LossReason; readonly cause?: unknown };

/** What an election is about. */
export interface ElectionOptions {
  /** The znode under which the candidates stand; created when it is missing. */
  readonly path: string;
  /** What the candidate's znode says of its owner. */
  readonly data: Uint8Array;
  /** What the names of candidates begin with; `candidate-` unless given. */
  readonly prefix?: string;
  /**
   * How long before the session may have expired a leader that is out of touch stops claiming to lead, milliseconds; a
   * sixth of the session time-out unless given.
   */
  readonly safetyMs?: number;
  /** The clock of the client; `monotonicClock` unless given. */
  readonly clock?: Clock;
}

/**
 * Elects one of many: each stands with an ephemeral sequential znode, the first in line leads, and each of the others
 * watches only the one before it, so that a change wakes one of them and not all.
 *
 * One session stands once under one path: a candidate whose creation was not answered is found again by its session.
 *
 * @example
 * const election = new LeaderElection(client, { path: '/reeve/masters', data }, (event) => console.log(event.kind));
 * await election.start();
 */
export class LeaderElection {
  readonly #client: Coordination;
  readonly #options: Required<Omit<ElectionOptions, 'safetyMs'>> & { readonly safetyMs: number | undefined };
  readonly #listener: (event: ElectionEvent) => void;
  readonly #stopped = new AbortController();
  #state: ElectionState = 'idle';
  #own: string | undefined;
  #candidate: Candidate | undefined;
  #unsubscribe: () => void = () => undefined;
  #safety: NodeJS.Timeout | undefined;
  /** Whether someone is looking at the line, and whether it has changed since. */
  #looking: 'no' | 'yes' | 'yes, and again' = 'no';

  constructor(client: Coordination, options: ElectionOptions, listener: (event: ElectionEvent) => void) {
    this.#client = client;
    const { safetyMs, ...rest } = options;
    this.#options = { prefix: 'candidate-', clock: monotonicClock, ...rest, safetyMs };
    this.#listener = listener;
  }

  get state(): ElectionState {
    return this.#state;
  }

  /** Who leads, when that is this one. */
  get candidate(): Candidate | undefined {
    return this.#state === 'leading' ? this.#candidate : undefined;
  }

  /**
   * Stands; resolves when the candidate is in line.
   *
   * @throws RecipeError `session_over` or `stopped`; ClientError where the service refuses
   */
  async start(): Promise<void> {
    invariant(this.#state === 'idle', 'an election is started once');
    this.#state = 'standing';
    this.#unsubscribe = this.#client.onSession((change) => this.#sessionChanged(change));
    try {
      await this.#enter();
    } catch (error) {
      if (!this.#over) this.#lose(isFinal(this.#client.state) ? 'session_over' : 'refused', error);
      throw error;
    }
    this.#look();
  }

  /**
   * Withdraws: deletes the candidate, so that the next in line leads at once. Takes two seconds at most; out of touch
   * it returns at once, and the candidate goes when a server is reached again, or with the session. Idempotent.
   */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#end('stopped');
    await this.#withdraw();
  }

  get #over(): boolean {
    return this.#state === 'lost' || this.#state === 'stopped';
  }

  async #enter(): Promise<void> {
    const { path, data, prefix } = this.#options;
    let tried = false;
    await this.#retrying(async () => {
      if (tried) this.#own = await findOwn(this.#client, path, prefix);
      if (this.#own !== undefined) return;
      tried = true;
      const created = await createUnder(this.#client, `${path}/${prefix}`, { data, mode: 'ephemeral_sequential' });
      this.#own = created.slice(path.length + 1);
    });
    // Stopped while the answer was on its way: the candidate must not stay behind.
    if (this.#over) {
      await this.#withdraw();
      throw recipeError('stopped', path);
    }
  }

  /** Looks at the line, and again whenever it changed meanwhile; one look at a time. */
  #look(): void {
    if (this.#over || this.#own === undefined) return;
    if (this.#looking !== 'no') {
      this.#looking = 'yes, and again';
      return;
    }
    this.#looking = 'yes';
    this.#retrying(() => this.#lookOnce()).then(
      () => this.#looked(),
      (error) => this.#lookFailed(error),
    );
  }

  #looked(): void {
    const again = this.#looking === 'yes, and again';
    this.#looking = 'no';
    if (again) this.#look();
  }

  #lookFailed(error: unknown): void {
    this.#looking = 'no';
    if (this.#over) return;
    if (error instanceof RecipeError) this.#lose('session_over');
    else this.#lose('refused', error);
  }

  async #lookOnce(): Promise<void> {
    const { path, prefix } = this.#options;
    const line = inLine(await this.#client.getChildren(path), prefix);
    const place = line.indexOf(this.#own as string);
    if (place === -1) return this.#lose('candidate_removed');
    const watched = `${path}/${line[Math.max(0, place - 1)]}`;
    try {
      const { stat } = await this.#client.getData(watched, { watch: this.#lookAgain });
      if (place === 0) this.#lead({ path: watched, czxid: stat.czxid });
    } catch (error) {
      if (codeOf(error) !== 'no_node') throw error;
      // Gone since the list was made: what the line looks like now decides.
      this.#looking = 'yes, and again';
    }
  }

  readonly #lookAgain = (): void => this.#look();

  #lead(candidate: Candidate): void {
    if (this.#state !== 'standing' || this.#client.state !== 'connected') return;
    this.#state = 'leading';
    this.#candidate = candidate;
    this.#listener({ kind: 'elected', candidate });
  }

  #sessionChanged({ to }: SessionChange): void {
    switch (to) {
      case 'suspended':
        if (this.#state === 'leading') this.#guard();
        return;
      case 'connected':
        clearTimeout(this.#safety);
        this.#look();
        return;
      case 'expired':
      case 'closed':
      case 'auth_failed':
        return this.#lose('session_over');
    }
  }

  /** Out of touch: leads on, but only as long as no one else can have been elected. */
  #guard(): void {
    const { clock, safetyMs = this.#client.sessionTimeoutMs / 6 } = this.#options;
    const leftMs = this.#client.sessionDeadline - safetyMs - clock.now();
    this.#safety = setTimeout(() => this.#lose('session_suspended'), Math.max(0, leftMs));
  }

  #lose(reason: LossReason, cause?: unknown): void {
    if (this.#over) return;
    this.#end('lost');
    this.#listener({ kind: 'lost', reason, ...(cause !== undefined && { cause }) });
    // The session may live on: then the candidate must go, for nobody acts for it any more.
    this.#withdraw().catch(() => undefined);
  }

  #end(state: 'lost' | 'stopped'): void {
    this.#state = state;
    this.#stopped.abort();
    clearTimeout(this.#safety);
    this.#unsubscribe();
  }

  async #withdraw(): Promise<void> {
    const own = this.#own;
    if (own === undefined) return;
    const { path } = this.#options;
    try {
      await takeBack(this.#client, path, () => this.#client.delete(`${path}/${own}`));
    } catch (error) {
      // Gone already, or going with its session.
      if (codeOf(error) !== 'no_node' && codeOf(error) !== 'session_over') throw error;
    }
  }

  #retrying<T>(step: () => Promise<T>): Promise<T> {
    return retrying({ client: this.#client, path: this.#options.path, stopped: this.#stopped.signal }, step);
  }
}
