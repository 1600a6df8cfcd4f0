import { createFlags, type MultiPart, openAcl, type RequestOf } from '@reeve/wire';

/** A write to the small world. */
export type WorldWrite =
  | { readonly op: 'create'; readonly request: RequestOf<'create'> }
  | { readonly op: 'delete'; readonly request: RequestOf<'delete'> }
  | { readonly op: 'setData'; readonly request: RequestOf<'setData'> }
  | { readonly op: 'multi'; readonly request: RequestOf<'multi'> };

/** A znode as a client sees it. */
export interface WorldZnode {
  readonly data: string;
  readonly version: number;
  readonly ephemeral: 'yes' | 'no';
}

const names = 12;
const sequentialMax = 8;
const sequenceDigits = 10;
const dataCharactersMax = 600;

/**
 * What a parent and its children are, said as plainly as possible: one writer, one level, every write with an answer that
 * can be foretold. Each write gives a new world, so that any moment can be compared with what a server has.
 */
export class SmallWorld {
  readonly base: string;
  readonly znodes: ReadonlyMap<string, WorldZnode>;
  /** How many children were ever created: the next sequence number. */
  readonly creates: number;

  constructor(base: string, znodes: ReadonlyMap<string, WorldZnode> = new Map(), creates = 0) {
    this.base = base;
    this.znodes = znodes;
    this.creates = creates;
  }

  /** Any write, sensible or not. */
  anyWrite(random: () => number): WorldWrite {
    const parts = Math.floor(random() * 6);
    if (random() > 0.2) return this.#simple(random);
    const request: MultiPart[] = [];
    for (let i = 0; i < parts; i += 1) {
      const { op, request: fields } = this.#simple(random);
      request.push({ op, ...fields } as MultiPart);
    }
    return { op: 'multi', request };
  }

  /** The world after a write, and what the write is answered with: a multi whose parts fail, with `failed`. */
  after(write: WorldWrite): { readonly world: SmallWorld; readonly error: string } {
    if (write.op !== 'multi') return this.#afterSimple(write);
    let world: SmallWorld = this;
    for (const { op, ...request } of write.request) {
      const next = world.#afterSimple({ op, request } as Exclude<WorldWrite, { op: 'multi' }>);
      if (next.error !== 'ok') return { world: this, error: 'failed' };
      world = next.world;
    }
    return { world, error: 'ok' };
  }

  /** Everything that can be seen of it, to be compared. */
  toString(): string {
    const lines = [...this.znodes].map(([path, { data, version, ephemeral }]) =>
      [path, version, ephemeral, data].join(' '),
    );
    return [`${this.creates} created`, ...lines.sort()].join('\n');
  }

  #simple(random: () => number): Exclude<WorldWrite, { op: 'multi' }> {
    const path = `${this.base}/n${Math.floor(random() * names)}`;
    const data = Buffer.from('x'.repeat(random() * dataCharactersMax) + Math.floor(random() * 1e6));
    const dice = random();
    if (dice < 0.3) return { op: 'create', request: { path, data, acl: openAcl, flags: anyOf([0, 0, 1], random) } };
    if (dice < 0.45) return this.#sequential(data, random);
    const version = anyOf([-1, -1, -1, 0, 1], random);
    return dice < 0.75
      ? { op: 'setData', request: { path, data, version } }
      : { op: 'delete', request: { path, version } };
  }

  /** A sequential create, or, when there are enough of those, the end of one. */
  #sequential(data: Buffer, random: () => number): Exclude<WorldWrite, { op: 'multi' }> {
    const there = [...this.znodes.keys()].filter((path) => path.startsWith(`${this.base}/s`));
    if (there.length >= sequentialMax) return { op: 'delete', request: { path: there[0] as string, version: -1 } };
    const flags = anyOf([createFlags.persistent_sequential, createFlags.ephemeral_sequential], random);
    return { op: 'create', request: { path: `${this.base}/s`, data, acl: openAcl, flags } };
  }

  #afterSimple(write: Exclude<WorldWrite, { op: 'multi' }>): { readonly world: SmallWorld; readonly error: string } {
    if (write.op === 'create') return this.#afterCreate(write.request);
    const { path, version } = write.request;
    const znode = this.znodes.get(path);
    if (znode === undefined) return { world: this, error: 'no_node' };
    if (version !== -1 && version !== znode.version) return { world: this, error: 'bad_version' };
    if (write.op === 'delete') return this.#with((znodes) => znodes.delete(path));
    const data = String(write.request.data);
    return this.#with((znodes) => znodes.set(path, { ...znode, data, version: znode.version + 1 }));
  }

  #afterCreate({ path, data, flags }: RequestOf<'create'>): { readonly world: SmallWorld; readonly error: string } {
    const isSequential = flags === createFlags.persistent_sequential || flags === createFlags.ephemeral_sequential;
    const full = isSequential ? path + String(this.creates).padStart(sequenceDigits, '0') : path;
    if (this.znodes.has(full)) return { world: this, error: 'node_exists' };
    const ephemeral = flags === createFlags.ephemeral || flags === createFlags.ephemeral_sequential ? 'yes' : 'no';
    return this.#with((znodes) => znodes.set(full, { data: String(data), version: 0, ephemeral }), 1);
  }

  #with(change: (znodes: Map<string, WorldZnode>) => void, created = 0): { world: SmallWorld; error: string } {
    const znodes = new Map(this.znodes);
    change(znodes);
    return { world: new SmallWorld(this.base, znodes, this.creates + created), error: 'ok' };
  }
}

function anyOf<T>(choices: readonly T[], random: () => number): T {
  return choices[Math.floor(random() * choices.length)] as T;
}
