import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Backoff, backoffMs, codeOf, invariant } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import {
  EventHub,
  inTime,
  type RecipeEvents,
  recipeError,
  unless,
  untilUnwanted,
  type WaitOptions,
} from '@reeve/recipes';
import { configError } from '../config-error.ts';
import { ConfigPicture, type KeyChange } from '../model/config-picture.ts';
import { documentAt } from '../model/document.ts';
import type { JsonValue } from '../model/json.ts';
import { checkKey } from '../model/key.ts';
import type { FollowerIdentity } from '../model/stage.ts';
import { ConfigLayout } from '../store/config-layout.ts';
import { ConfigReading, type News } from './config-reading.ts';
import { type ConfigSetting, KeptSetting, type SettingParts } from './config-setting.ts';
import { FollowerReport } from './follower-report.ts';
import { LastKnownGood } from './last-known-good.ts';

/** How long a start waits for a server when there is a file to begin with, milliseconds, unless told otherwise. */
const PATIENCE_MS = 2_000;

/** The most keys and trees that one follower names. */
const FOLLOWS_MAX = 500;

/** The wait before a new session is opened when the last one is over. */
const sessionBackoff: Backoff = { baseMs: 200, factor: 2, ceilingMs: 5_000, jitter: 0.5 };

/**
 * `reading`: the values are being read for the first time; `ready`: they are those of the service; `stale`: no server is
 * in touch, so they are the last known ones; `lost`: the session is over, or the service refuses; `stopped`: by its
 * owner. The last two are final; the values stay.
 */
export type FollowerState = 'idle' | 'reading' | 'ready' | 'stale' | 'lost' | 'stopped';

/** What a follower tells. */
export type ConfigEvent =
  /** Keys have changed: all that one publish has changed, or all that was missed. */
  | {
      readonly kind: 'changed';
      readonly changes: readonly KeyChange[];
      /** Who published it, and why; none when several changes were missed, or it came by a roll-out that ended. */
      readonly author?: string;
      readonly comment?: string;
    }
  | { readonly kind: 'moved'; readonly to: FollowerState }
  /** The file of the last known values cannot be read or written, or the report not be made; the follower goes on. */
  | { readonly kind: 'failed'; readonly what: 'file' | 'report'; readonly cause: unknown }
  | { readonly kind: 'lost'; readonly cause: unknown };

/** What is followed, by whom. */
export interface FollowerOptions {
  /** The znode under which the configuration lives, such as `/reeve/config`. It need not exist. */
  readonly path: string;
  /** Keys, and trees of keys; everything unless given. */
  readonly follow?: readonly string[];
  /** Who follows, for roll-outs by share, and for reports: keeps its meaning over restarts. The host unless given. */
  readonly id?: string;
  /** For roll-outs by label. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Whether it reports what it has applied, for `ConfigRollouts`; `on` unless given. */
  readonly report?: 'on' | 'off';
  /** A file for the last known values: with it, a start does not need a server. */
  readonly file?: string;
  /** How long a start waits for a server when the file has values, milliseconds. 2 s. */
  readonly patienceMs?: number;
}

/** A session, or what opens one: then a session that is over is followed by another, and the follower is never lost. */
export type SessionSource = Coordination | (() => Coordination);

/**
 * Follows keys: has their values at hand, and tells what becomes of them.
 *
 * @example
 * const follower = new ConfigFollower(client, { path: '/reeve/config', follow: ['billing'] });
 * const limits = follower.follow('billing/limits', z.object({ max: z.int() }), { max: 10 });
 * await follower.start();
 * for await (const event of limits.events) console.log(event.kind, limits.value.max);
 */
export class ConfigFollower {
  readonly events: RecipeEvents<ConfigEvent>;
  readonly #source: SessionSource;
  readonly #options: FollowerOptions;
  readonly #self: FollowerIdentity;
  readonly #follows: readonly string[];
  readonly #picture: ConfigPicture;
  readonly #layout: ConfigLayout;
  readonly #hub: EventHub<ConfigEvent>;
  readonly #file: LastKnownGood | undefined;
  readonly #stopped = new AbortController();
  readonly #settings = new Set<KeptSetting<unknown>>();
  readonly #known = deferred();
  /** Whether there are values that changes can be told against. */
  #hasValues: 'no' | 'yes' = 'no';
  #state: FollowerState = 'idle';
  #client: Coordination | undefined;
  #reading: ConfigReading | undefined;
  #report: FollowerReport | undefined;
  #saved: Promise<void> = Promise.resolve();
  #failures = 0;

  constructor(source: SessionSource, options: FollowerOptions) {
    this.#source = source;
    this.#options = options;
    this.#follows = [...new Set(options.follow ?? [])].map(checkKey);
    if (this.#follows.length > FOLLOWS_MAX) {
      throw configError({ code: 'too_many', what: 'keys and trees to follow', countMax: FOLLOWS_MAX });
    }
    this.#self = { id: options.id ?? hostname(), labels: options.labels ?? {} };
    this.#picture = new ConfigPicture(this.#self, this.#follows);
    this.#layout = new ConfigLayout(options.path);
    this.#hub = new EventHub(options.path);
    this.events = this.#hub;
    this.#file = options.file === undefined ? undefined : new LastKnownGood(options.file, options.path);
    // Whoever does not wait for the first values learns of a failure from the events.
    this.#known.promise.catch(() => undefined);
  }

  get state(): FollowerState {
    return this.#state;
  }

  /** The keys that there are, and their values. */
  get values(): ReadonlyMap<string, JsonValue> {
    return new Map([...this.#picture.values].map(([key, { value }]) => [key, value]));
  }

  /** The value of a key, or an object of all below a tree of keys; undefined where there is nothing. */
  get(key: string): JsonValue | undefined {
    const values = this.#picture.values;
    return values.get(key)?.value ?? (values.has(key) ? null : documentAt(this.values, key));
  }

  /** The version of a key; 0 where there is none. */
  version(key: string): number {
    return this.#picture.values.get(key)?.version ?? 0;
  }

  /**
   * A key or tree as a program wants it: checked by a schema, with a value for when there is none. A value that does not
   * fit is told and has no effect.
   */
  follow<T>(key: string, schema: SettingParts<T>['schema'], fallback: T): ConfigSetting<T> {
    invariant(this.#picture.follows(checkKey(key)), `the follower follows ${key}`);
    const setting = new KeptSetting({ key, schema, fallback }, this.#options.path);
    this.#settings.add(setting as unknown as KeptSetting<unknown>);
    setting.take(this.get(key));
    return setting;
  }

  /**
   * Begins to follow; resolves when the values are there: those of the service, or, where no server answers in time, those
   * of the file.
   *
   * @throws RecipeError `session_over`, `stopped`, `aborted` or `deadline_exceeded`; ClientError where the service refuses
   */
  async start(options: WaitOptions = {}): Promise<void> {
    invariant(this.#state === 'idle', 'a follower is started once');
    const { path, patienceMs = PATIENCE_MS } = this.#options;
    this.#move('reading');
    const wanted = untilUnwanted(options);
    await this.#restore();
    if (!this.#stopped.signal.aborted) this.#open();
    const impatient = setTimeout(() => this.#giveUpWaiting(), patienceMs);
    try {
      await unless(wanted, path, this.#known.promise);
    } catch (error) {
      if (this.state !== 'lost') await this.stop();
      throw error;
    } finally {
      clearTimeout(impatient);
    }
  }

  /** Ends following: takes its watches and its report back. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    const wasLost = this.#state === 'lost';
    this.#known.reject(recipeError('stopped', this.#options.path));
    this.#end('stopped');
    if (wasLost) return;
    const [reading, report, client] = [this.#reading, this.#report, this.#client];
    const gone = Promise.all([reading?.stop(), report?.stop()]).then(() => this.#saved);
    if (client === undefined) return;
    await inTime(client, gone);
    if (typeof this.#source === 'function') await client.close();
  }

  /** Reads the file, where there is one. */
  async #restore(): Promise<void> {
    try {
      const values = await this.#file?.read();
      if (values === undefined) return;
      this.#picture.restore(new Map([...values].filter(([key]) => this.#picture.follows(key))));
      this.#hasValues = 'yes';
      this.#settle();
    } catch (cause) {
      this.#hub.tell({ kind: 'failed', what: 'file', cause });
    }
  }

  /** No server has answered yet: then what the file has must do. */
  #giveUpWaiting(): void {
    if (this.#hasValues === 'no') return;
    this.#moveStale();
    this.#known.resolve();
  }

  #open(): void {
    let client: Coordination;
    try {
      client = typeof this.#source === 'function' ? this.#source() : this.#source;
    } catch (cause) {
      return this.#lose(cause);
    }
    this.#client = client;
    this.#reading = new ConfigReading({
      client,
      layout: this.#layout,
      picture: this.#picture,
      follows: this.#follows,
      onNews: (news) => this.#learn(news),
      onUpToDate: () => this.#upToDate(client),
      onSuspended: () => this.#moveStale(),
      onLost: (cause) => this.#sessionLost(client, cause),
    });
    this.#reading.start();
  }

  #learn({ changes, head }: News): void {
    if (changes.length > 0) {
      this.#settle();
      // What is found first is no change.
      if (this.#hasValues === 'yes') this.#tell(changes, head);
    }
    this.#save();
    this.#report?.renew();
  }

  #tell(changes: readonly KeyChange[], head: News['head']): void {
    const isPublish = changes.every(({ key }) => head?.entries.some((entry) => entry.key === key));
    if (head === undefined || !isPublish) return this.#hub.tell({ kind: 'changed', changes });
    const { author, comment } = head;
    this.#hub.tell({ kind: 'changed', changes, author, ...(comment !== undefined && { comment }) });
  }

  #settle(): void {
    for (const setting of this.#settings) setting.take(this.get(setting.key));
  }

  #save(): void {
    if (this.#file === undefined) return;
    this.#saved = this.#file.write(this.#picture.values).catch((cause) => {
      this.#hub.tell({ kind: 'failed', what: 'file', cause });
    });
  }

  #upToDate(client: Coordination): void {
    this.#failures = 0;
    if (this.#hasValues === 'no') this.#save();
    this.#hasValues = 'yes';
    if (this.#report === undefined && this.#options.report !== 'off') this.#startReport(client);
    this.#move('ready');
    this.#known.resolve();
  }

  #startReport(client: Coordination): void {
    const self = { ...this.#self, follows: this.#follows };
    const applied = () => ({ applied: Object.fromEntries(this.#picture.revisions), rollouts: this.#picture.reached });
    const onFailure = (cause: unknown) => this.#hub.tell({ kind: 'failed', what: 'report', cause });
    this.#report = new FollowerReport(client, { group: this.#layout.followers, self, applied, onFailure });
    this.#report.start();
  }

  #sessionLost(client: Coordination, cause: unknown): void {
    this.#report?.stop().catch(() => undefined);
    this.#report = undefined;
    const isOver = codeOf(cause) === 'session_over';
    if (typeof this.#source === 'function') client.close().catch(() => undefined);
    if (typeof this.#source !== 'function' || !isOver) return this.#lose(cause);
    this.#moveStale();
    this.#failures += 1;
    const { signal } = this.#stopped;
    sleep(backoffMs(sessionBackoff, this.#failures, Math.random), undefined, { signal }).then(
      () => this.#open(),
      () => undefined,
    );
  }

  #lose(cause: unknown): void {
    if (this.#state === 'stopped' || this.#state === 'lost') return;
    this.#known.reject(cause);
    this.#hub.tell({ kind: 'lost', cause });
    this.#end('lost');
  }

  #end(state: 'lost' | 'stopped'): void {
    this.#move(state);
    this.#stopped.abort(recipeError(state === 'lost' ? 'lost' : 'stopped', this.#options.path));
    for (const setting of this.#settings) setting.end();
    this.#hub.end();
  }

  /** Without values there is nothing that could be stale. */
  #moveStale(): void {
    if (this.#state === 'ready' || (this.#state === 'reading' && this.#hasValues === 'yes')) this.#move('stale');
  }

  #move(to: FollowerState): void {
    if (to === this.#state || this.#state === 'stopped') return;
    this.#state = to;
    this.#hub.tell({ kind: 'moved', to });
  }
}

/** A promise with its ends. */
function deferred(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
