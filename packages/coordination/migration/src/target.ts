import type { ZnodeOrigin } from '@reeve/archive';
import { codeOf } from '@reeve/base';
import type { Acl, Coordination, CreateMode, TransactionPart } from '@reeve/client';
import { MigrationError } from './migration-error.ts';
import type { ZnodeRecord } from './side.ts';

/** How the writes of a migration are bundled: so many in one transaction, so many bytes, so many requests under way. */
const batchPartsMax = 100;
const batchBytesMax = 256 * 1024;
const requestsMax = 32;
/** Data above this goes alone: the transaction around it must not make it longer than the source took it. */
const aloneBytes = 64 * 1024;
/** The name of the child that comes and goes to bring a sequence counter forward. */
const counterChild = 'reeve-migration';
const pairsPerBatch = 500;

/** The writes of a migration, counted. */
export interface WriteCounts {
  created: number;
  dataSet: number;
  aclSet: number;
  deleted: number;
  counterPairs: number;
}

/** What takes the writes of a migration; a rehearsal counts them. */
export interface Target {
  readonly counts: Readonly<WriteCounts>;
  create(record: ZnodeRecord, origin: Pick<ZnodeOrigin, 'lifetime' | 'ttlMs'>): Promise<void>;
  /** @param missing called when the znode has gone at the target */
  setData(path: string, data: Buffer | null, missing: () => void): Promise<void>;
  setAcl(path: string, acl: readonly Acl[], missing: () => void): Promise<void>;
  delete(path: string): Promise<void>;
  /** Makes and deletes a child of a znode so many times. */
  advance(path: string, pairs: number): Promise<void>;
  /** Waits until all of it is done. @throws MigrationError */
  settled(): Promise<void>;
}

/** Writes to a service, in order, many at a time. */
export class LiveTarget implements Target {
  readonly counts: WriteCounts = { created: 0, dataSet: 0, aclSet: 0, deleted: 0, counterPairs: 0 };
  readonly #client: Coordination;
  readonly #running = new Set<Promise<void>>();
  #batch: TransactionPart[] = [];
  #batchBytes = 0;
  #failure: MigrationError | undefined;

  constructor(client: Coordination) {
    this.#client = client;
  }

  async create({ path, data, acl }: ZnodeRecord, origin: Pick<ZnodeOrigin, 'lifetime' | 'ttlMs'>): Promise<void> {
    const bytes = data?.length ?? 0;
    const options = { acl, ...modeOf(origin) };
    if (bytes > aloneBytes) {
      this.#flush();
      await this.#send('create', path, () => this.#client.create(path, data, options));
    } else {
      this.#batch.push({ op: 'create', path, data, ...options });
      this.#batchBytes += bytes + path.length;
      if (this.#batch.length >= batchPartsMax || this.#batchBytes >= batchBytesMax) this.#flush();
      await this.#room();
    }
    this.counts.created += 1;
  }

  async setData(path: string, data: Buffer | null, missing: () => void): Promise<void> {
    this.#flush();
    await this.#send('setData', path, () => orMissing(this.#client.setData(path, data), missing));
    this.counts.dataSet += 1;
  }

  async setAcl(path: string, acl: readonly Acl[], missing: () => void): Promise<void> {
    this.#flush();
    await this.#send('setACL', path, () => orMissing(this.#client.setAcl(path, acl), missing));
    this.counts.aclSet += 1;
  }

  async delete(path: string): Promise<void> {
    this.#flush();
    // Gone already: a container or a TTL znode, whose time had come there too.
    await this.#send('delete', path, () => orMissing(this.#client.delete(path), () => undefined));
    this.counts.deleted += 1;
  }

  async advance(path: string, pairs: number): Promise<void> {
    this.#flush();
    const child = path === '/' ? `/${counterChild}` : `${path}/${counterChild}`;
    for (let left = pairs; left > 0; left -= pairsPerBatch) {
      const parts = pairsOf(child, Math.min(left, pairsPerBatch));
      await this.#send('sequence counter', path, () => this.#client.multi(parts));
    }
    this.counts.counterPairs += pairs;
  }

  async settled(): Promise<void> {
    this.#flush();
    await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #flush(): void {
    const parts = this.#batch;
    if (parts.length === 0) return;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#start('create', parts[0]?.path ?? '/', () => this.#client.multi(parts));
  }

  async #send(op: string, path: string, write: () => Promise<unknown>): Promise<void> {
    this.#start(op, path, write);
    await this.#room();
  }

  /** Requests of one session are served in the order in which they are made, so nothing waits for an answer. */
  #start(op: string, path: string, write: () => Promise<unknown>): void {
    if (this.#failure !== undefined) return;
    const running = this.#perform(op, path, write).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #perform(op: string, path: string, write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#failure ??= MigrationError.ofWrite(error, { op, path: pathOf(error) ?? path });
    }
  }

  async #room(): Promise<void> {
    while (this.#running.size >= requestsMax) await Promise.race(this.#running);
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** Counts what would be written. */
export class RehearsedTarget implements Target {
  readonly counts: WriteCounts = { created: 0, dataSet: 0, aclSet: 0, deleted: 0, counterPairs: 0 };

  async create(): Promise<void> {
    this.counts.created += 1;
  }

  async setData(): Promise<void> {
    this.counts.dataSet += 1;
  }

  async setAcl(): Promise<void> {
    this.counts.aclSet += 1;
  }

  async delete(): Promise<void> {
    this.counts.deleted += 1;
  }

  async advance(_path: string, pairs: number): Promise<void> {
    this.counts.counterPairs += pairs;
  }

  async settled(): Promise<void> {}
}

function modeOf({ lifetime, ttlMs }: Pick<ZnodeOrigin, 'lifetime' | 'ttlMs'>): { mode: CreateMode; ttlMs?: number } {
  if (lifetime === 'container') return { mode: 'container' };
  return lifetime === 'ttl' ? { mode: 'persistent_with_ttl', ttlMs } : { mode: 'persistent' };
}

function pairsOf(path: string, count: number): TransactionPart[] {
  return Array.from({ length: count }, (): TransactionPart[] => [
    { op: 'create', path, data: null },
    { op: 'delete', path },
  ]).flat();
}

async function orMissing(write: Promise<unknown>, missing: () => void): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (codeOf(error) !== 'no_node') throw error;
    missing();
  }
}

/** The path of the part at which a transaction failed. */
function pathOf(error: unknown): string | undefined {
  const facts = error instanceof Error && 'facts' in error ? (error.facts as { readonly path?: string }) : undefined;
  return facts?.path === undefined || facts.path === '' ? undefined : facts.path;
}
