import { hostname } from 'node:os';
import { type Backoff, backoffMs, codeOf, messageOf } from '@reeve/base';
import { type Client, isFinal } from '@reeve/client';
import { type ElectionEvent, LeaderElection } from '@reeve/recipes';
import { Board, encodePrimary, initialise, Layout, Picture, type PrimaryRecord, PrimaryStore } from '@reeve/tasks';
import { Feed } from './feed.ts';
import type { MasterSettings } from './master-options.ts';
import { QueueLimitsFollower } from './queue-limits.ts';
import { Scheduler } from './scheduler.ts';

/** `primary`: it decides now. `backup`: it follows. `away`: it is out of touch, and decides nothing. */
export type MasterRole = 'primary' | 'backup' | 'away';

/** What a session of a master works with. */
export interface SessionParts {
  readonly client: Client;
  readonly settings: MasterSettings;
  readonly onRole: (role: MasterRole) => void;
}

/** The wait before something that failed is tried again on the same session. */
const retryBackoff: Backoff = { baseMs: 50, factor: 2, ceilingMs: 2_000, jitter: 0.5 };

/**
 * One session of a master. It follows the tree, stands for primary, and while it leads runs one term after another.
 * What ought to be is compared with what is after every change; there is no path through the code that must be taken.
 */
export class MasterSession {
  /** Resolves when the session is over. */
  readonly ended: Promise<void>;
  readonly #client: Client;
  readonly #settings: MasterSettings;
  readonly #layout: Layout;
  readonly #picture: Picture;
  readonly #feed: Feed;
  readonly #limits: QueueLimitsFollower;
  readonly #onRole: (role: MasterRole) => void;
  readonly #stopListening: () => void;
  #election: LeaderElection | undefined;
  #term: Scheduler | undefined;
  #role: MasterRole = 'away';
  #settling: 'no' | 'yes' | 'yes, and again' = 'no';
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #isStopped = false;
  #end: () => void = () => {};

  constructor({ client, settings, onRole }: SessionParts) {
    this.#client = client;
    this.#settings = settings;
    this.#onRole = onRole;
    this.#layout = new Layout(settings.root);
    this.#picture = new Picture(this.#layout);
    const onEvent = () => this.#term?.wake();
    this.#feed = new Feed({ coordination: client, layout: this.#layout, picture: this.#picture, onEvent });
    this.#limits = new QueueLimitsFollower({
      coordination: client,
      root: settings.root,
      name: settings.name,
      logger: settings.logger,
      onChange: (limits) => this.#term?.limitQueues(limits),
    });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#stopListening = client.onSession(({ to }) => {
      if (isFinal(to)) return this.#sessionOver(to);
      if (to === 'suspended') this.#endTerm('connection lost');
      this.#settle();
    });
  }

  /** Waits for the session, follows and stands; resolves when the candidate is in line. */
  async start(): Promise<void> {
    this.#settling = 'yes';
    await this.#client.connected();
    await initialise(this.#client, this.#layout);
    // No term is to begin without knowing them.
    await this.#limits.start();
    await this.#step();
    this.#settled();
    this.#settle();
  }

  /** Closes the session: the candidate goes with it, so that the next in line takes over at once. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#endTerm('stopped');
    clearTimeout(this.#retry);
    await this.#limits.stop();
    await this.#client.close();
  }

  /** Makes what is what it ought to be; one run at a time, and another when something changed meanwhile. */
  #settle(): void {
    if (this.#isStopped) return;
    if (this.#settling !== 'no') {
      this.#settling = 'yes, and again';
      return;
    }
    this.#settling = 'yes';
    clearTimeout(this.#retry);
    this.#step().then(
      () => this.#settled(),
      (error: unknown) => this.#settleFailed(error),
    );
  }

  async #step(): Promise<void> {
    if (this.#client.state !== 'connected') return this.#become('away');
    await this.#feed.sync();
    if (this.#election === undefined) await this.#stand();
    if (this.#election?.state !== 'leading') return this.#become('backup');
    if (this.#term === undefined) await this.#beginTerm();
  }

  #settled(): void {
    const again = this.#settling === 'yes, and again';
    this.#settling = 'no';
    if (again) this.#settle();
    else this.#failures = 0;
  }

  #settleFailed(error: unknown): void {
    this.#settling = 'no';
    if (isFinal(this.#client.state) || this.#isStopped) return;
    this.#settings.logger.warn({ ...factsOf(error), state: this.#client.state }, 'master out of step');
    this.#tryLater();
  }

  #tryLater(): void {
    this.#failures += 1;
    clearTimeout(this.#retry);
    const waitMs = backoffMs(retryBackoff, this.#failures, this.#settings.random);
    this.#retry = setTimeout(() => this.#settle(), waitMs);
  }

  async #stand(): Promise<void> {
    const data = encodePrimary(this.#record());
    const election = new LeaderElection(this.#client, { path: this.#layout.masters, data });
    election.events.subscribe((event) => this.#electionChanged(election, event));
    this.#election = election;
    await election.start();
  }

  #electionChanged(election: LeaderElection, event: ElectionEvent): void {
    if (election !== this.#election || this.#isStopped) return;
    if (event.kind === 'lost') {
      this.#election = undefined;
      this.#endTerm(event.reason);
    }
    this.#settle();
  }

  async #beginTerm(): Promise<void> {
    const candidatePath = this.#election?.candidate?.path;
    if (candidatePath === undefined) return;
    const startedAt = this.#settings.clock.now();
    const takeOver = { layout: this.#layout, record: this.#record(), candidatePath };
    const store = await PrimaryStore.takeOver(this.#client, takeOver);
    // A connection that was lost since is followed by another run, which begins another term.
    if (!this.#feed.isSynced || this.#election?.candidate?.path !== candidatePath) return;
    const board = new Board(this.#picture, this.#settings.clock.now());
    board.limitQueues(this.#limits.limits);
    const onFailure = (reason: unknown) => this.#termFailed(term, reason);
    const term: Scheduler = new Scheduler({ board, store, settings: this.#settings, onFailure });
    this.#term = term;
    const tookMs = this.#settings.clock.now() - startedAt;
    this.#settings.logger.info({ epoch: store.epoch, ...board.counts, tookMs }, 'elected: primary');
    this.#become('primary');
  }

  #endTerm(reason: string): void {
    const term = this.#term;
    if (term === undefined) return;
    this.#term = undefined;
    this.#picture.ignore();
    term.stop();
    this.#settings.logger.info({ epoch: term.epoch, reason }, 'stood down');
  }

  /** A write was refused by the fence, or something failed. */
  #termFailed(term: Scheduler, reason: unknown): void {
    if (term !== this.#term) return;
    this.#endTerm(codeOf(reason) ?? messageOf(reason));
    if (codeOf(reason) === 'deposed') this.#standAgain();
    else this.#tryLater();
  }

  /** Another has taken over while this one was thought to lead: to the end of the line. */
  #standAgain(): void {
    const election = this.#election;
    this.#election = undefined;
    this.#become('backup');
    election?.stop().then(
      () => this.#settle(),
      () => this.#tryLater(),
    );
  }

  #sessionOver(state: string): void {
    this.#stopListening();
    clearTimeout(this.#retry);
    this.#endTerm(`session ${state}`);
    this.#become('away');
    this.#isStopped = true;
    this.#end();
  }

  #become(role: MasterRole): void {
    if (this.#role === role) return;
    this.#role = role;
    this.#onRole(role);
  }

  #record(): PrimaryRecord {
    const { name, clock } = this.#settings;
    return { masterId: name, host: hostname(), pid: process.pid, since: clock.now() };
  }
}

function factsOf(error: unknown): object {
  const facts = typeof error === 'object' && error !== null && 'facts' in error ? error.facts : undefined;
  return { ...(facts as object | undefined), reason: messageOf(error) };
}
