import { isDeepStrictEqual } from 'node:util';
import type { JsonValue } from './json.ts';
import { isWithin, scopeOf } from './key.ts';
import type { Head, RolloutRecord, ValueRecord } from './records.ts';
import { type FollowerIdentity, reaches } from './stage.ts';

/** What has become of one key. Undefined: there was, or is, no such key. */
export interface KeyChange {
  readonly key: string;
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

/** Everything that is followed, as it was at one moment. */
export interface Snapshot {
  /** What each scope said; undefined where there is none. */
  readonly heads: ReadonlyMap<string, Head | undefined>;
  readonly values: ReadonlyMap<string, ValueRecord>;
}

/**
 * What a follower knows. Changes come as heads of scopes, one after the other; where one is missing, everything is to
 * be read anew.
 */
export class ConfigPicture {
  readonly #self: FollowerIdentity;
  /** Keys and trees; none: everything. */
  readonly #follows: readonly string[];
  readonly #published = new Map<string, ValueRecord>();
  readonly #revisions = new Map<string, number>();
  readonly #rollouts = new Map<string, readonly RolloutRecord[]>();
  #values: ReadonlyMap<string, ValueRecord> = new Map();

  constructor(self: FollowerIdentity, follows: readonly string[]) {
    this.#self = self;
    this.#follows = follows;
  }

  /** The values that hold for this follower, those rolled out to it included. */
  get values(): ReadonlyMap<string, ValueRecord> {
    return this.#values;
  }

  /** The revision that is known of each scope. */
  get revisions(): ReadonlyMap<string, number> {
    return this.#revisions;
  }

  /** The roll-outs that have reached this follower. */
  get reached(): readonly string[] {
    return [...new Set(this.#reaching().map(({ id }) => id))];
  }

  /** Whether a key is followed. */
  follows(key: string): boolean {
    return this.#follows.length === 0 || this.#follows.some((tree) => isWithin(key, tree));
  }

  /** What was known before: kept until it is read anew, whatever heads come. */
  restore(values: ReadonlyMap<string, ValueRecord>): void {
    this.#values = values;
    this.#revisions.clear();
  }

  /** Takes what a scope says now. `gap`: something was missed, and nothing was changed. */
  take(scope: string, head: Head | undefined): readonly KeyChange[] | 'gap' {
    const known = this.#revisions.get(scope);
    if (known !== undefined && known === (head?.revision ?? 0)) return [];
    if (head === undefined || known === undefined) return 'gap';
    const scopes = Object.entries(head.previous).filter(([one]) => this.#isWatched(one));
    if (scopes.some(([one, revision]) => (this.#revisions.get(one) ?? this.#unknownScope()) !== revision)) return 'gap';
    for (const [one] of scopes) this.#learn(one, head);
    for (const { key, value } of head.entries) {
      if (!this.follows(key)) continue;
      if (value === undefined) this.#published.delete(key);
      else this.#published.set(key, { value, version: head.revision });
    }
    return this.#settle();
  }

  /** Takes everything anew. */
  replace({ heads, values }: Snapshot): readonly KeyChange[] {
    this.#revisions.clear();
    this.#rollouts.clear();
    this.#published.clear();
    for (const [scope, head] of heads) this.#learn(scope, head);
    for (const [key, record] of values) if (this.follows(key)) this.#published.set(key, record);
    return this.#settle();
  }

  #learn(scope: string, head: Head | undefined): void {
    this.#revisions.set(scope, head?.revision ?? 0);
    this.#rollouts.set(scope, head?.rollouts.filter(({ scopes }) => scopes.includes(scope)) ?? []);
  }

  #isWatched(scope: string): boolean {
    return this.#follows.length === 0 || this.#follows.some((tree) => scopeOf(tree) === scope);
  }

  /** Who follows everything knows that a scope of which it has not heard was not there. */
  #unknownScope(): number {
    return this.#follows.length === 0 ? 0 : -1;
  }

  #reaching(): readonly RolloutRecord[] {
    return [...this.#rollouts.values()].flat().filter(({ stage }) => reaches(stage, this.#self));
  }

  /** What holds now, and what that changes. */
  #settle(): readonly KeyChange[] {
    const before = this.#values;
    const after = new Map(this.#published);
    for (const { entries, begun } of this.#reaching()) {
      for (const { key, value } of entries) {
        if (value === undefined) after.delete(key);
        else if (this.follows(key)) after.set(key, { value, version: begun });
      }
    }
    // In the order of the keys: what is made of them looks the same whichever came first.
    this.#values = new Map([...after].sort(([a], [b]) => (a < b ? -1 : 1)));
    return differences(before, after);
  }
}

function differences(
  before: ReadonlyMap<string, ValueRecord>,
  after: ReadonlyMap<string, ValueRecord>,
): readonly KeyChange[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys.flatMap((key): readonly KeyChange[] => {
    const change = { key, before: before.get(key)?.value, after: after.get(key)?.value };
    return isDeepStrictEqual(change.before, change.after) ? [] : [change];
  });
}
