import type { Coordination, Stat } from '@reeve/client';
import { type MirrorState, TreeMirror } from '../mirrors/tree-mirror.ts';
import { join } from '../mirrors/tree-picture.ts';
import { retrying } from '../recipe/retrying.ts';

/** Members read in one request. */
const READS_AT_ONCE = 64;

/** Who is told what happens to the members of a group. */
export interface GroupListener {
  joined?(name: string, data: Buffer): void;
  /** The member says something else now. */
  changed?(name: string, data: Buffer): void;
  left?(name: string): void;
  /** The state of the view has changed. */
  moved?(state: MirrorState): void;
}

/**
 * The live members of a group, and what each says.
 *
 * @example
 * const workers = new GroupView(client, '/reeve/workers', { joined: (name) => console.log(name) });
 * await workers.start();
 */
export class GroupView {
  readonly #client: Coordination;
  readonly #group: string;
  readonly #listener: GroupListener;
  readonly #mirror: TreeMirror;
  readonly #stopped = new AbortController();
  readonly #members = new Map<string, Buffer>();
  /** The zxid of each member's creation. */
  readonly #births = new Map<string, number>();
  /** Names whose data must be read. */
  readonly #due = new Set<string>();
  #reading: Promise<void> | undefined;

  constructor(client: Coordination, group: string, listener: GroupListener) {
    this.#client = client;
    this.#group = group;
    this.#listener = listener;
    this.#mirror = new TreeMirror(
      client,
      { root: group, depth: 1 },
      {
        created: (path) => this.#readSoon(path),
        changed: (path) => this.#readSoon(path),
        deleted: (path) => this.#leave(path),
        refreshed: () => this.#readAll(),
        moved: (state) => listener.moved?.(state),
      },
    );
  }

  get state(): MirrorState {
    return this.#mirror.state;
  }

  /** The members by name, each with what it says. */
  get members(): ReadonlyMap<string, Buffer> {
    return this.#members;
  }

  /** Begins to follow; resolves when every member is known. Throws what `TreeMirror.start` throws. */
  async start(): Promise<void> {
    await this.#mirror.start();
    await this.#reading;
  }

  /** Ends following. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#mirror.stop();
  }

  #readAll(): void {
    for (const name of this.#mirror.children(this.#group)) this.#readSoon(join(this.#group, name));
  }

  #readSoon(path: string): void {
    if (path === this.#group) return;
    this.#due.add(path.slice(path.lastIndexOf('/') + 1));
    // What fails here fails because the session is over, which the mirror tells as well.
    this.#reading ??= this.#readDue()
      .catch(() => undefined)
      .finally(() => {
        this.#reading = undefined;
      });
  }

  async #readDue(): Promise<void> {
    while (this.#due.size > 0) {
      const names = [...this.#due].slice(0, READS_AT_ONCE);
      for (const name of names) this.#due.delete(name);
      const parts = names.map((name) => ({ op: 'getData' as const, path: join(this.#group, name) }));
      const retry = { client: this.#client, path: this.#group, stopped: this.#stopped.signal };
      const results = await retrying(retry, () => this.#client.multiRead(parts));
      results.forEach((result, i) => {
        if (result.ok && 'data' in result) this.#learn(names[i] as string, result);
      });
    }
  }

  #learn(name: string, read: { readonly data: Buffer | null; readonly stat: Stat }): void {
    if (!this.#mirror.has(join(this.#group, name))) return;
    const known = this.#members.get(name);
    // A copy: what was received is a view into a larger chunk.
    const data = Buffer.from(read.data ?? '');
    this.#members.set(name, data);
    const { czxid } = read.stat;
    const returned = known !== undefined && this.#births.get(name) !== czxid;
    this.#births.set(name, czxid);
    // Another life under the same name: left and come back while the connection was lost.
    if (returned) this.#listener.left?.(name);
    if (known === undefined || returned) this.#listener.joined?.(name, data);
    else if (!known.equals(data)) this.#listener.changed?.(name, data);
  }

  #leave(path: string): void {
    const name = path.slice(path.lastIndexOf('/') + 1);
    this.#due.delete(name);
    this.#births.delete(name);
    if (this.#members.delete(name)) this.#listener.left?.(name);
  }
}
