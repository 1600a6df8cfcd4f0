import type { TransactionPart } from '@reeve/client';
import { configError } from '../config-error.ts';
import type { JsonValue } from '../model/json.ts';
import { isWithin, keyOfName, scopeOf } from '../model/key.ts';
import {
  type Authorship,
  decodeHead,
  decodeValue,
  type Entry,
  encode,
  type Head,
  type PastRecord,
  type RolloutRecord,
} from '../model/records.ts';
import type { ConfigLayout } from './config-layout.ts';
import type { ConfigStore } from './config-store.ts';
import { readSchemas } from './read-schemas.ts';
import { checkValues, type Schemas } from './schemas.ts';

/** The most keys in one scope. */
const KEYS_MAX = 10_000;

/** What one change is told of. */
export interface DraftOptions {
  readonly store: ConfigStore;
  /** Versions of a key that are kept. */
  readonly historyMax: number;
  /** Schemas that hold beside those that were published. */
  readonly schemas: Schemas;
}

/** What a publish is beside its entries. */
export interface PublishFacts extends Authorship {
  readonly revision: number;
  readonly rollbackTo?: number;
}

/** The scopes that a change touches, as they are before it; and the transaction that changes them. */
export class ChangeDraft {
  readonly entries: readonly Entry[];
  readonly #options: DraftOptions;
  readonly #layout: ConfigLayout;
  readonly #heads: ReadonlyMap<string, Head | undefined>;
  /** The keys that there are in these scopes. */
  readonly #keys: ReadonlySet<string>;

  private constructor(options: DraftOptions, entries: readonly Entry[], found: Scopes) {
    this.#options = options;
    this.#layout = options.store.layout;
    this.entries = entries;
    this.#heads = found.heads;
    this.#keys = found.keys;
  }

  /** Looks at the scopes that these entries belong to. */
  static async open(options: DraftOptions, entries: readonly Entry[]): Promise<ChangeDraft> {
    const scopes = [...new Set(entries.map(({ key }) => scopeOf(key)))];
    return new ChangeDraft(options, entries, await readScopes(options.store, scopes));
  }

  /** What is being rolled out in these scopes. */
  get rollouts(): readonly RolloutRecord[] {
    const all = [...this.#heads.values()].flatMap((head) => head?.rollouts ?? []);
    return [...new Map(all.map((rollout) => [rollout.id, rollout])).values()];
  }

  /** @throws ConfigError `version_conflict` */
  async expect(versions: Readonly<Record<string, number>>): Promise<void> {
    const keys = Object.keys(versions);
    const paths = keys.map((key) => this.#layout.value(key));
    const found = await this.#options.store.read(paths);
    for (const [i, key] of keys.entries()) {
      const version = found[i] === undefined ? 0 : decodeValue(paths[i] as string, found[i].data).version;
      const expected = versions[key] as number;
      if (version !== expected) throw configError({ code: 'version_conflict', key, expected, found: version });
    }
  }

  /**
   * Checks that the entries may be as they are: each removed key is there, none is above another, and what comes of
   * them is what the schemas want.
   *
   * @param own the roll-out that the entries are of, if they are
   */
  async check(own?: string): Promise<void> {
    const after = new Set(this.#keys);
    const others = this.rollouts.filter(({ id }) => id !== own);
    for (const { key, value } of this.entries) {
      const rollout = others.find(({ entries }) => entries.some((entry) => entry.key === key));
      if (rollout !== undefined) throw configError({ code: 'rollout_under_way', key, rollout: rollout.id });
      if (value !== undefined) after.add(key);
      else if (!after.delete(key)) throw configError({ code: 'key_unknown', key });
    }
    if (after.size > KEYS_MAX * this.#heads.size)
      throw configError({ code: 'too_many', what: 'keys', countMax: KEYS_MAX });
    checkLevels(after, this.entries);
    await this.#checkSchemas();
  }

  /** The parts that publish the entries: the values, their history, and what followers are told. */
  async publish(facts: PublishFacts, rollouts = this.rollouts): Promise<readonly TransactionPart[]> {
    const pasts = await this.#options.store.list(this.entries.map(({ key }) => this.#layout.past(key)));
    const parts: TransactionPart[] = [...this.tell(facts, { entries: this.entries, rollouts })];
    for (const [i, entry] of this.entries.entries()) {
      parts.push(...this.#valueParts(entry, facts.revision));
      parts.push(...this.#pastParts(entry, facts, (pasts[i] as readonly string[]).toSorted()));
    }
    return parts;
  }

  /** The parts that tell the followers of these scopes. */
  tell(
    { revision, author, comment }: PublishFacts,
    news: Pick<Head, 'entries' | 'rollouts'>,
  ): readonly TransactionPart[] {
    const previous = Object.fromEntries([...this.#heads].map(([scope, head]) => [scope, head?.revision ?? 0]));
    const said = comment === undefined ? { author } : { author, comment };
    const data = encode({ revision, previous, ...said, ...news } satisfies Head);
    return [...this.#heads].map(([scope, head]) => {
      return { op: head === undefined ? 'create' : 'setData', path: this.#layout.scope(scope), data } as const;
    });
  }

  #valueParts({ key, value }: Entry, version: number): readonly TransactionPart[] {
    const path = this.#layout.value(key);
    if (value === undefined) return [{ op: 'delete', path }];
    return [{ op: this.#keys.has(key) ? 'setData' : 'create', path, data: encode({ value, version }) }];
  }

  #pastParts({ key, value }: Entry, facts: PublishFacts, kept: readonly string[]): readonly TransactionPart[] {
    const { revision, author, comment, rollbackTo } = facts;
    const folder = this.#layout.past(key);
    const record: PastRecord = {
      ...(value === undefined ? {} : { value }),
      before: this.#keys.has(key) ? 'present' : 'absent',
      keys: this.entries.map((entry) => entry.key),
      author,
      ...(comment === undefined ? {} : { comment }),
      ...(rollbackTo === undefined ? {} : { rollbackTo }),
    };
    const surplus = kept.slice(0, Math.max(0, kept.length + 1 - this.#options.historyMax));
    return [
      ...(kept.length === 0 ? [{ op: 'create', path: folder } as const] : []),
      { op: 'create', path: this.#layout.version(key, revision), data: encode(record) },
      ...surplus.map((name) => ({ op: 'delete', path: `${folder}/${name}` }) as const),
    ];
  }

  async #checkSchemas(): Promise<void> {
    const { store, schemas: own } = this.#options;
    const schemas = await readSchemas(store);
    const concerned = [...own, ...schemas].filter(([path]) => this.entries.some(({ key }) => isWithin(key, path)));
    if (concerned.length === 0) return;
    const keys = [...this.#keys].filter((key) => concerned.some(([path]) => isWithin(key, path)));
    const values = await readValues(store, keys);
    for (const { key, value } of this.entries) {
      if (value === undefined) values.delete(key);
      else values.set(key, value);
    }
    const changed = this.entries.map(({ key }) => key);
    // Those that were published are not to hide those that always hold.
    await checkValues(new Map(own), values, changed);
    await checkValues(schemas, values, changed);
  }
}

interface Scopes {
  readonly heads: ReadonlyMap<string, Head | undefined>;
  readonly keys: ReadonlySet<string>;
}

/** What these scopes say, and the keys in them. */
export async function readScopes(store: ConfigStore, scopes: readonly string[]): Promise<Scopes> {
  const paths = scopes.map((scope) => store.layout.scope(scope));
  const heads = await store.read(paths);
  const names = await store.list(paths);
  return {
    heads: new Map(
      scopes.map((scope, i) => [scope, heads[i] && decodeHead(paths[i] as string, heads[i].data)] as const),
    ),
    keys: new Set(names.flat().map(keyOfName)),
  };
}

/** The values of these keys. */
export async function readValues(store: ConfigStore, keys: readonly string[]): Promise<Map<string, JsonValue>> {
  const paths = keys.map((key) => store.layout.value(key));
  const found = await store.read(paths);
  const values = new Map<string, JsonValue>();
  for (const [i, key] of keys.entries()) {
    const znode = found[i];
    if (znode !== undefined) values.set(key, decodeValue(paths[i] as string, znode.data).value);
  }
  return values;
}

/** A key holds a value, or has keys below it. */
function checkLevels(keys: ReadonlySet<string>, entries: readonly Entry[]): void {
  for (const { key, value } of entries) {
    if (value === undefined) continue;
    for (let slash = key.indexOf('/'); slash !== -1; slash = key.indexOf('/', slash + 1)) {
      const above = key.slice(0, slash);
      if (keys.has(above)) throw configError({ code: 'key_conflict', key, other: above });
    }
    for (const other of keys) {
      if (other.startsWith(`${key}/`)) throw configError({ code: 'key_conflict', key, other });
    }
  }
}
