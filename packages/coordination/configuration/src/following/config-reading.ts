import { codeOf } from '@reeve/base';
import { type Coordination, isFinal, type SessionChange, type WatchedEvent, type Znode } from '@reeve/client';
import { recipeError, retrying, takeBack } from '@reeve/recipes';
import type { ConfigPicture, KeyChange } from '../model/config-picture.ts';
import { scopeOf } from '../model/key.ts';
import { decodeHead, type Head } from '../model/records.ts';
import type { ConfigLayout } from '../store/config-layout.ts';
import { ConfigStore } from '../store/config-store.ts';
import { readSnapshot } from '../store/read-snapshot.ts';

/** What came of a look. */
export interface News {
  readonly changes: readonly KeyChange[];
  /** The change that brought them; none where they were read anew, several at once perhaps. */
  readonly head?: Head;
}

/** What a reading is made of. */
export interface ReadingParts {
  readonly client: Coordination;
  readonly layout: ConfigLayout;
  readonly picture: ConfigPicture;
  /** Keys and trees; none: everything. */
  readonly follows: readonly string[];
  /** Told after each change, and each time everything is up to date. */
  readonly onNews: (news: News) => void;
  readonly onUpToDate: () => void;
  /** Told when no server is in touch. */
  readonly onSuspended: () => void;
  /** Told once, when it can go on no more. */
  readonly onLost: (cause: unknown) => void;
}

/**
 * Keeps a picture up to date within one session, by one watch for each scope. A change costs one read: what a scope says
 * is the change.
 */
export class ConfigReading {
  readonly #parts: ReadingParts;
  readonly #store: ConfigStore;
  readonly #stopped = new AbortController();
  /** What is watched, by path. */
  readonly #armed = new Set<string>();
  /** The scopes whose head is to be read. */
  readonly #due = new Set<string>();
  #folder: 'as known' | 'to be listed' = 'as known';
  #looking: 'no' | 'yes' = 'no';
  #looked: Promise<void> = Promise.resolve();
  /** What was known before this session is a thing of the past: everything is read once. */
  #pictured: 'no' | 'yes' = 'no';
  #unsubscribe: () => void = () => undefined;

  constructor(parts: ReadingParts) {
    this.#parts = parts;
    this.#store = new ConfigStore(parts.client, parts.layout);
  }

  start(): void {
    const { client } = this.#parts;
    this.#unsubscribe = client.onSession((change) => this.#sessionChanged(change));
    if (isFinal(client.state)) return this.#lose(recipeError('session_over', this.#parts.layout.root));
    this.#lookAtAll();
  }

  /** Ends it and takes its watches back. Takes two seconds at most. Idempotent. */
  async stop(): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    this.#end();
    const { client, layout } = this.#parts;
    await takeBack(client, layout.root, () => this.#part()).catch((error) => {
      if (codeOf(error) !== 'session_over') throw error;
    });
  }

  #end(): void {
    this.#stopped.abort();
    this.#unsubscribe();
  }

  #lose(cause: unknown): void {
    if (this.#stopped.signal.aborted) return;
    this.#end();
    this.#parts.onLost(cause);
    // The session may live on.
    takeBack(this.#parts.client, this.#parts.layout.root, () => this.#part()).catch(() => undefined);
  }

  #sessionChanged({ to }: SessionChange): void {
    if (isFinal(to)) this.#lose(recipeError('session_over', this.#parts.layout.root));
    else if (to === 'suspended') this.#parts.onSuspended();
    else if (to === 'connected') this.#lookAtAll();
  }

  #lookAtAll(): void {
    const { follows, picture } = this.#parts;
    const scopes = follows.length === 0 ? [...picture.revisions.keys()] : follows.map(scopeOf);
    for (const scope of scopes) this.#due.add(scope);
    this.#folder = follows.length === 0 ? 'to be listed' : 'as known';
    this.#look();
  }

  /** Looks at what is due, one look at a time. */
  #look(): void {
    if (this.#looking === 'yes' || this.#stopped.signal.aborted) return;
    this.#looking = 'yes';
    this.#looked = this.#lookUntilDone().catch((error) => this.#lose(error));
  }

  async #lookUntilDone(): Promise<void> {
    do {
      const heads = await this.#retrying(() => this.#readDue());
      if (this.#stopped.signal.aborted) break;
      if (this.#take(heads) === 'gap') {
        const snapshot = await this.#retrying(() => readSnapshot(this.#store, this.#parts.follows));
        if (this.#stopped.signal.aborted) break;
        this.#pictured = 'yes';
        this.#tell({ changes: this.#parts.picture.replace(snapshot) });
      }
    } while (this.#due.size > 0 || this.#folder === 'to be listed');
    this.#looking = 'no';
    if (!this.#stopped.signal.aborted && this.#parts.client.state === 'connected') this.#parts.onUpToDate();
  }

  #take(heads: ReadonlyMap<string, Head | undefined>): 'whole' | 'gap' {
    if (this.#pictured === 'no') return 'gap';
    for (const [scope, head] of heads) {
      const changes = this.#parts.picture.take(scope, head);
      if (changes === 'gap') return 'gap';
      this.#tell({ changes, ...(head !== undefined && { head }) });
    }
    return 'whole';
  }

  #tell(news: News): void {
    if (news.changes.length > 0 || news.head !== undefined) this.#parts.onNews(news);
  }

  /** What the scopes say that have changed, or may have. */
  async #readDue(): Promise<ReadonlyMap<string, Head | undefined>> {
    if (this.#folder === 'to be listed') await this.#listScopes();
    const scopes = [...this.#due];
    this.#due.clear();
    try {
      const heads = await Promise.all(scopes.map((scope) => this.#readHead(scope)));
      return new Map(scopes.map((scope, i) => [scope, heads[i]] as const));
    } catch (error) {
      for (const scope of scopes) this.#due.add(scope);
      throw error;
    }
  }

  async #listScopes(): Promise<void> {
    const { layout, picture } = this.#parts;
    this.#folder = 'as known';
    const found = await this.#armedRead(layout.scopes, (options) =>
      this.#parts.client.getChildren(layout.scopes, options),
    ).catch((error) => {
      this.#folder = 'to be listed';
      throw error;
    });
    for (const scope of found ?? []) if (!picture.revisions.has(scope)) this.#due.add(scope);
  }

  async #readHead(scope: string): Promise<Head | undefined> {
    const path = this.#parts.layout.scope(scope);
    const found = await this.#armedRead<Znode>(path, (options) => this.#parts.client.getData(path, options));
    return found && decodeHead(path, found.data);
  }

  /** Reads a znode and watches it, whether it is there or not. */
  async #armedRead<T>(path: string, read: (options: { watch?: () => void }) => Promise<T>): Promise<T | undefined> {
    for (;;) {
      const found = await this.#arming(path, read).catch((error) => {
        if (codeOf(error) !== 'no_node') throw error;
        return undefined;
      });
      if (found !== undefined) return found;
      if (this.#armed.has(path)) return undefined;
      const stat = await this.#arming(path, (options) => this.#parts.client.exists(path, options));
      if (stat === undefined) return undefined;
    }
  }

  /** Counts as armed from the moment it is asked for: the event may come before the answer is seen here. */
  async #arming<T>(path: string, read: (options: { watch?: () => void }) => Promise<T>): Promise<T> {
    if (this.#armed.has(path)) return read({});
    this.#armed.add(path);
    try {
      return await read({ watch: this.#listenerOf(path) });
    } catch (error) {
      this.#armed.delete(path);
      throw error;
    }
  }

  /** Watches whose answers are on their way are taken back too. */
  async #part(): Promise<void> {
    await this.#looked;
    await this.#disarm();
  }

  readonly #listeners = new Map<string, (event?: WatchedEvent) => void>();

  #listenerOf(path: string): () => void {
    const known = this.#listeners.get(path);
    if (known !== undefined) return known;
    const listener = () => {
      this.#armed.delete(path);
      const { scopes } = this.#parts.layout;
      if (path === scopes) this.#folder = 'to be listed';
      else this.#due.add(path.slice(scopes.length + 1));
      this.#look();
    };
    this.#listeners.set(path, listener);
    return listener;
  }

  async #disarm(): Promise<void> {
    for (const path of [...this.#armed]) {
      await this.#parts.client.unwatch(path, this.#listenerOf(path));
      this.#armed.delete(path);
    }
  }

  #retrying<T>(step: () => Promise<T>): Promise<T> {
    const { client, layout } = this.#parts;
    return retrying({ client, path: layout.root, stopped: this.#stopped.signal }, step);
  }
}
