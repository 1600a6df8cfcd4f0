import { randomUUID } from 'node:crypto';
import { codeOf, invariant } from '@reeve/base';
import {
  ClientError,
  type Coordination,
  type ReadPart,
  type ReadResult,
  type TransactionPart,
  type Znode,
} from '@reeve/client';
import { ensurePath, retrying, unless, untilUnwanted, type WaitOptions } from '@reeve/recipes';
import { configError } from '../config-error.ts';
import { decode, encode, type RevisionRecord } from '../model/records.ts';
import type { ConfigLayout } from './config-layout.ts';

/** Znodes read by one request. */
const READS_AT_ONCE = 100;
/** How many changes are remembered, so that one whose answer was lost is not made twice. */
const RECENT_MAX = 32;
/** The most bytes of a transaction: below the megabyte that servers take. */
const TRANSACTION_BYTES_MAX = 960 * 1024;
/** A transaction that is refused so often, and nobody else has changed anything, is refused for good. */
const REFUSALS_MAX = 3;

/** What a change consists of, given the revision that it will be. It is asked again when somebody else was faster. */
export type Decide = (revision: number) => Promise<readonly TransactionPart[]>;

/** Reads and changes the znodes of a configuration: one change after the other, each of them once. */
export class ConfigStore {
  readonly layout: ConfigLayout;
  readonly #client: Coordination;

  constructor(client: Coordination, layout: ConfigLayout) {
    this.#client = client;
    this.layout = layout;
  }

  /** Reads many znodes; undefined for those that are not there. */
  async read(paths: readonly string[]): Promise<readonly (Znode | undefined)[]> {
    const results = await this.#readAll(paths.map((path) => ({ op: 'getData', path })));
    return results.map((result) => ('data' in result ? result : undefined));
  }

  /** The names of the children of many znodes; none for those that are not there. */
  async list(paths: readonly string[]): Promise<readonly (readonly string[])[]> {
    const results = await this.#readAll(paths.map((path) => ({ op: 'getChildren', path })));
    return results.map((result) => ('children' in result ? result.children : []));
  }

  /** Runs a read again until it succeeds or nobody wants it any more. */
  async asking<T>(wait: WaitOptions, step: () => Promise<T>): Promise<T> {
    const stopped = untilUnwanted(wait);
    const { root } = this.layout;
    return unless(stopped, root, retrying({ client: this.#client, path: root, stopped }, step));
  }

  /** As `asking`; what is read rests on all that was acknowledged before, also by another server. */
  reading<T>(wait: WaitOptions, step: () => Promise<T>): Promise<T> {
    return this.asking(wait, async () => {
      await this.#client.sync(this.layout.root);
      return step();
    });
  }

  /**
   * Makes one change, whole or not at all, and says its revision. Tried again when the connection is lost or another
   * change came between; a change that was made and not answered is recognised and not made again.
   */
  async change(decide: Decide, wait: WaitOptions): Promise<number> {
    const id = randomUUID().slice(0, 13);
    const refusals = { revision: -1, count: 0 };
    return this.asking(wait, async () => {
      for (;;) {
        // What is decided must rest on all that was acknowledged before, also by another server.
        await this.#client.sync(this.layout.root);
        const found = await this.#revision();
        const made = found.record.recent.find((change) => change.id === id);
        if (made !== undefined) return made.revision;
        const revision = found.record.revision + 1;
        try {
          const parts = await decide(revision);
          await this.#commit(found, { id, revision }, parts);
          return revision;
        } catch (error) {
          if (!isRefusal(error) || isLasting(refusals, revision)) throw error;
        }
      }
    });
  }

  async #commit(found: Found, change: Change, parts: readonly TransactionPart[]): Promise<void> {
    const recent = [change, ...found.record.recent].slice(0, RECENT_MAX);
    const data = encode({ revision: change.revision, recent } satisfies RevisionRecord);
    const all = [{ op: 'setData', path: this.layout.revision, data, version: found.version } as const, ...parts];
    const bytes = all.reduce((sum, part) => sum + bytesOf(part), 0);
    if (bytes > TRANSACTION_BYTES_MAX) {
      throw configError({ code: 'too_large', bytes, bytesMax: TRANSACTION_BYTES_MAX });
    }
    await this.#client.multi(all);
  }

  async #revision(): Promise<Found> {
    const { revision: path } = this.layout;
    try {
      const { data, stat } = await this.#client.getData(path);
      return { record: decode<RevisionRecord>(path, data, ['revision', 'recent']), version: stat.version };
    } catch (error) {
      if (codeOf(error) !== 'no_node') throw error;
    }
    await this.#initialise();
    return this.#revision();
  }

  async #initialise(): Promise<void> {
    const { root, revision, scopes, history, schemas, followers } = this.layout;
    await ensurePath(this.#client, root);
    for (const folder of [scopes, history, schemas, followers]) await ensurePath(this.#client, folder);
    try {
      await this.#client.create(revision, encode({ revision: 0, recent: [] } satisfies RevisionRecord));
    } catch (error) {
      if (codeOf(error) !== 'node_exists') throw error;
      await this.#client.sync(root);
    }
  }

  async #readAll(parts: readonly ReadPart[]): Promise<readonly ReadResult[]> {
    const results: ReadResult[] = [];
    for (let at = 0; at < parts.length; at += READS_AT_ONCE) {
      results.push(...(await this.#client.multiRead(parts.slice(at, at + READS_AT_ONCE))));
    }
    for (const [i, result] of results.entries()) {
      if (result.ok || result.code === 'no_node') continue;
      throw configError({ code: 'record_unreadable', path: parts[i]?.path ?? '', reason: result.code });
    }
    invariant(results.length === parts.length, 'each read has an answer');
    return results;
  }
}

interface Change {
  readonly id: string;
  readonly revision: number;
}

interface Found {
  readonly record: RevisionRecord;
  /** Of the znode. */
  readonly version: number;
}

/** What the parts of a transaction answer that rests on something that is so no more. */
const refusals: ReadonlySet<string | undefined> = new Set(['bad_version', 'no_node', 'node_exists', 'not_empty']);

function isRefusal(error: unknown): boolean {
  return error instanceof ClientError && refusals.has(error.code);
}

function isLasting(seen: { revision: number; count: number }, revision: number): boolean {
  seen.count = seen.revision === revision ? seen.count + 1 : 1;
  seen.revision = revision;
  return seen.count >= REFUSALS_MAX;
}

/** About what a part takes in a request. */
function bytesOf(part: TransactionPart): number {
  const data = 'data' in part ? (part.data?.length ?? 0) : 0;
  return part.path.length + data + 64;
}
