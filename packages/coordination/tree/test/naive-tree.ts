import { createFlags, Span } from '@reeve/wire';
import { outcome, type Write } from './requests.ts';

interface NaiveZnode {
  readonly data: string | null;
  readonly version: number;
  readonly creates: number;
  readonly deletes: number;
  readonly owner: string;
}

function textOf(data: Buffer | Span | null): string | null {
  return (data instanceof Span ? data.view() : data)?.toString() ?? null;
}

const EPHEMERAL = new Set([createFlags.ephemeral, createFlags.ephemeral_sequential]);
const SEQUENTIAL = new Set([createFlags.persistent_sequential, createFlags.ephemeral_sequential]);

/**
 * What a tree does, said as plainly as possible: one immutable map, applied at once, no overlay, no transactions, no
 * indexes. Access lists are left out.
 */
export class NaiveTree {
  znodes: ReadonlyMap<string, NaiveZnode> = new Map([
    ['/', { data: '', version: 0, creates: 0, deletes: 0, owner: '' }],
  ]);

  /** Does a write, or says why not. */
  write({ op, request }: Write, session: string): string {
    if (op === 'multi') return this.#multi(request, session);
    if (op === 'create') return this.#create(request, session);
    if (op === 'delete') return this.#delete(request.path, request.version);
    if (op === 'setData') return this.#setData(request.path, request.data, request.version);
    if (op === 'check') return this.#check(request.path, request.version);
    return outcome({ kind: 'refused', error: 'unimplemented', failedPart: -1 });
  }

  /** Ends a session. */
  end(session: string): void {
    for (const [path, { owner }] of this.znodes) if (owner === session) this.#delete(path, -1);
  }

  children(path: string): string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    const below = [...this.znodes.keys()].filter((other) => other !== '/' && other.startsWith(prefix));
    return below.map((other) => other.slice(prefix.length)).filter((name) => !name.includes('/'));
  }

  #multi(parts: readonly object[], session: string): string {
    const before = this.znodes;
    for (const part of parts) {
      const { op, ...request } = part as { op: string };
      const result = this.write({ op, request } as unknown as Write, session);
      if (result !== 'ok') {
        this.znodes = before;
        return result;
      }
    }
    return 'ok';
  }

  #create(request: { path: string; data: Buffer | Span | null; flags: number }, session: string): string {
    const above = request.path.slice(0, request.path.lastIndexOf('/')) || '/';
    const parent = this.znodes.get(above);
    if (parent === undefined) return 'no_node';
    const suffix = SEQUENTIAL.has(request.flags as 2) ? String(parent.creates).padStart(10, '0') : '';
    const path = request.path + suffix;
    if (this.znodes.has(path)) return 'node_exists';
    if (parent.owner !== '') return 'no_children_for_ephemerals';
    const owner = EPHEMERAL.has(request.flags as 1) ? session : '';
    this.#put(above, { ...parent, creates: parent.creates + 1 });
    this.#put(path, { data: textOf(request.data), version: 0, creates: 0, deletes: 0, owner });
    return 'ok';
  }

  #delete(path: string, version: number): string {
    const refusal = this.#check(path, version);
    if (refusal !== 'ok') return refusal;
    if (this.children(path).length > 0) return 'not_empty';
    const above = path.slice(0, path.lastIndexOf('/')) || '/';
    const parent = this.znodes.get(above) as NaiveZnode;
    this.znodes = new Map([...this.znodes].filter(([other]) => other !== path));
    this.#put(above, { ...parent, deletes: parent.deletes + 1 });
    return 'ok';
  }

  #setData(path: string, data: Buffer | Span | null, version: number): string {
    const refusal = this.#check(path, version);
    if (refusal !== 'ok') return refusal;
    const znode = this.znodes.get(path) as NaiveZnode;
    this.#put(path, { ...znode, data: textOf(data), version: znode.version + 1 });
    return 'ok';
  }

  #check(path: string, version: number): string {
    const znode = this.znodes.get(path);
    if (znode === undefined) return 'no_node';
    return version === -1 || version === znode.version ? 'ok' : 'bad_version';
  }

  #put(path: string, znode: NaiveZnode): void {
    this.znodes = new Map([...this.znodes, [path, znode]]);
  }
}
