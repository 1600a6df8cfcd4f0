import { ClientError, type Coordination, type Stat, type WatchedEvent } from '@reeve/client';

type ErrorCode = 'no_node' | 'node_exists';

/** A refusal of the service. */
export function refusal(code: ErrorCode): ClientError {
  return new ClientError({ code, outcome: 'failed' }, code);
}

export type WatchKind = 'data' | 'children' | 'absent';
type Watch = `${WatchKind} ${string}`;

interface ModelZnode {
  data: Buffer;
  owner: number;
  czxid: number;
  mzxid: number;
  pzxid: number;
  version: number;
  sequence: number;
}

/** A connection that holds watches. */
export interface Watcher {
  notify(event: WatchedEvent, fired: readonly WatchKind[]): void;
}

/** What of a coordination service recipes in line need: znodes, sessions and one-shot watches, all in memory. */
export class ModelService {
  readonly #znodes = new Map<string, ModelZnode>();
  readonly #watches = new Map<Watcher, Set<Watch>>();
  #zxid = 0;

  constructor() {
    this.#znodes.set('', { ...fresh(0, 0), data: Buffer.alloc(0) });
  }

  get zxid(): number {
    return this.#zxid;
  }

  /** Watches that the service holds for all clients. */
  get watches(): number {
    return [...this.#watches.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Every ephemeral there is. */
  get ephemerals(): readonly string[] {
    return [...this.#znodes].flatMap(([path, { owner }]) => (owner === 0 ? [] : [path]));
  }

  create(path: string, data: Uint8Array, { mode, owner }: { mode: string; owner: number }): string {
    const parent = this.#znodes.get(parentOf(path));
    if (parent === undefined) throw refusal('no_node');
    const isSequential = mode.endsWith('sequential');
    const name = isSequential ? `${path}${String(parent.sequence).padStart(10, '0')}` : path;
    if (this.#znodes.has(name)) throw refusal('node_exists');
    if (isSequential) parent.sequence += 1;
    this.#zxid += 1;
    parent.pzxid = this.#zxid;
    const isEphemeral = mode.startsWith('ephemeral');
    this.#znodes.set(name, { ...fresh(this.#zxid, isEphemeral ? owner : 0), data: Buffer.from(data) });
    this.#tell('created', name, ['absent']);
    this.#tell('children_changed', parentOf(name), ['children']);
    return name;
  }

  delete(path: string): void {
    if (!this.#znodes.delete(path)) throw refusal('no_node');
    this.#zxid += 1;
    const parent = this.#znodes.get(parentOf(path));
    if (parent !== undefined) parent.pzxid = this.#zxid;
    this.#tell('deleted', path, ['data', 'children']);
    this.#tell('children_changed', parentOf(path), ['children']);
  }

  setData(path: string, data: Uint8Array): void {
    const znode = this.#at(path);
    this.#zxid += 1;
    Object.assign(znode, { data: Buffer.from(data), version: znode.version + 1, mzxid: this.#zxid });
    this.#tell('data_changed', path, ['data']);
  }

  getData(path: string): Awaited<ReturnType<Coordination['getData']>> {
    const { data, owner, ...znode } = this.#at(path);
    return { data, stat: { ...znode, ctime: 0, ephemeralOwner: owner } as unknown as Stat };
  }

  exists(path: string): Stat | undefined {
    return this.#znodes.has(path) ? this.getData(path).stat : undefined;
  }

  getChildren(path: string): readonly string[] {
    this.#at(path);
    return [...this.#znodes.keys()].flatMap((each) =>
      each !== '' && parentOf(each) === path ? [each.slice(path.length + 1)] : [],
    );
  }

  arm(client: Watcher, kind: WatchKind, path: string): void {
    const armed = this.#watches.get(client) ?? new Set();
    this.#watches.set(client, armed.add(`${kind} ${path}`));
  }

  disarm(client: Watcher, path: string): void {
    for (const kind of ['data', 'children', 'absent'] as const) this.#watches.get(client)?.delete(`${kind} ${path}`);
  }

  /** The connection of a client is gone, and the watches with it. */
  forget(client: Watcher): void {
    this.#watches.delete(client);
  }

  /** Ends a session: its ephemerals go. */
  expire(owner: number): void {
    for (const [path, znode] of [...this.#znodes]) if (znode.owner === owner) this.delete(path);
  }

  #at(path: string): ModelZnode {
    const znode = this.#znodes.get(path);
    if (znode === undefined) throw refusal('no_node');
    return znode;
  }

  #tell(type: WatchedEvent['type'], path: string, kinds: readonly WatchKind[]): void {
    for (const [client, armed] of this.#watches) {
      const fired = kinds.filter((kind) => armed.delete(`${kind} ${path}`));
      if (fired.length > 0) client.notify({ type, path, zxid: this.#zxid }, fired);
    }
  }
}

function fresh(zxid: number, owner: number): Omit<ModelZnode, 'data'> {
  return { owner, czxid: zxid, mzxid: zxid, pzxid: zxid, version: 0, sequence: 0 };
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
