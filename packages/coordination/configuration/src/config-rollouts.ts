import { randomUUID } from 'node:crypto';
import type { Coordination, TransactionPart } from '@reeve/client';
import type { WaitOptions } from '@reeve/recipes';
import { type Changes, entriesOf } from './changes.ts';
import { configError } from './config-error.ts';
import { type ChangeOptions, type ConfigOptions, type ConfigParts, partsOf } from './config-options.ts';
import type { PublishOptions } from './config-publisher.ts';
import { checkKey, isWithin, scopeOf } from './model/key.ts';
import { decode, type Entry, type FollowerRecord, type RolloutRecord } from './model/records.ts';
import { checkStage, reaches, type Stage } from './model/stage.ts';
import { ChangeDraft, readScopes } from './store/change-draft.ts';

/** How far a follower is with what is being rolled out. */
export interface RolloutFollower {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `applied`: it has it; `due`: it is to have it; `kept`: it keeps what was; `leaving`: it has it and is not to. */
  readonly state: 'applied' | 'due' | 'kept' | 'leaving';
}

/** What is being rolled out, and who has it. */
export interface RolloutStatus extends RolloutRecord {
  readonly followers: readonly RolloutFollower[];
}

/** A follower, as it reports. */
export interface FollowerSummary extends FollowerRecord {
  /** Since when, milliseconds since the epoch by the coordinator's clock. */
  readonly since: number;
}

/**
 * Rolls changes out in stages: first to followers with certain labels, or to a share of them; then to more; then to all,
 * or to nobody. A roll-out is named by any of its keys. In each scope, the first name of a key, there is one at a time.
 */
export class ConfigRollouts {
  readonly #parts: ConfigParts;

  constructor(client: Coordination, options: ConfigOptions) {
    this.#parts = partsOf(client, options);
  }

  /** Every roll-out under way. */
  async list(wait: WaitOptions = {}): Promise<readonly RolloutRecord[]> {
    const { store } = this.#parts;
    return store.reading(wait, async () => {
      const [scopes = []] = await store.list([store.layout.scopes]);
      const { heads } = await readScopes(store, scopes);
      const all = [...heads.values()].flatMap((head) => head?.rollouts ?? []);
      return [...new Map(all.map((rollout) => [rollout.id, rollout])).values()];
    });
  }

  /** Begins one: those whom the stage reaches get the changes, and nobody else. */
  async begin(changes: Changes, stage: Stage, options: PublishOptions = {}): Promise<RolloutRecord> {
    checkStage(stage);
    const entries = entriesOf(changes);
    const { comment, expected = {}, ...wait } = options;
    const scopes = [...new Set(entries.map(({ key }) => scopeOf(key)))];
    const said = { author: this.#parts.author, ...(comment !== undefined && { comment }) };
    const begun = { id: randomUUID().slice(0, 8), scopes, stage, entries, ...said };
    const revision = await this.#parts.store.change(async (next) => {
      const draft = await ChangeDraft.open(this.#parts, entries);
      await draft.expect(expected);
      await draft.check();
      const other = draft.rollouts[0];
      if (other !== undefined)
        throw configError({ code: 'rollout_under_way', key: entries[0]?.key ?? '', rollout: other.id });
      return draft.tell({ revision: next, ...said }, { entries: [], rollouts: [{ ...begun, begun: next }] });
    }, wait);
    return { ...begun, begun: revision };
  }

  /** Goes on, or back, to another stage. @throws ConfigError `rollout_unknown` */
  async advance(key: string, stage: Stage, options: ChangeOptions = {}): Promise<void> {
    checkStage(stage);
    await this.#change(key, options, async ({ draft, rollout, facts }) => {
      const others = draft.rollouts.filter(({ id }) => id !== rollout.id);
      return draft.tell(facts, { entries: [], rollouts: [...others, { ...rollout, stage }] });
    });
  }

  /** Ends it well: the changes are published, to everybody. Says their version. */
  async complete(key: string, options: ChangeOptions = {}): Promise<number> {
    return this.#change(key, options, async ({ draft, rollout, facts }) => {
      const others = draft.rollouts.filter(({ id }) => id !== rollout.id);
      // A schema may have come since it began.
      await draft.check(rollout.id);
      const comment = facts.comment ?? rollout.comment;
      return draft.publish({ ...facts, ...(comment !== undefined && { comment }) }, others);
    });
  }

  /** Calls it off: those who had the changes get back what is published. */
  async abort(key: string, options: ChangeOptions = {}): Promise<void> {
    await this.#change(key, options, async ({ draft, rollout, facts }) => {
      const rollouts = draft.rollouts.filter(({ id }) => id !== rollout.id);
      return draft.tell(facts, { entries: [], rollouts });
    });
  }

  /** How far it is: every follower that reports and follows one of its keys. @throws ConfigError `rollout_unknown` */
  async status(key: string, wait: WaitOptions = {}): Promise<RolloutStatus> {
    const rollout = await this.#parts.store.reading(wait, () => this.#find(key));
    const followers = await this.followers(wait);
    const concerned = followers.filter(
      ({ follows }) => follows.length === 0 || follows.some((tree) => touches(rollout, tree)),
    );
    return { ...rollout, followers: concerned.map((follower) => stateOf(rollout, follower)) };
  }

  /** Everybody who follows and reports, by id. */
  async followers(wait: WaitOptions = {}): Promise<readonly FollowerSummary[]> {
    const { store } = this.#parts;
    const { followers } = store.layout;
    return store.reading(wait, async () => {
      const [names = []] = await store.list([followers]);
      const paths = names.map((name) => `${followers}/${name}`);
      const found = await store.read(paths);
      const records = found.flatMap((znode, i): readonly FollowerSummary[] => {
        if (znode === undefined) return [];
        const record = decode<FollowerRecord>(paths[i] as string, znode.data, ['id', 'labels', 'follows', 'applied']);
        return [{ ...record, since: znode.stat.ctime }];
      });
      return records.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    });
  }

  async #find(key: string): Promise<RolloutRecord> {
    const { heads } = await readScopes(this.#parts.store, [scopeOf(checkKey(key))]);
    const rollout = heads.get(scopeOf(key))?.rollouts.find((one) => touches(one, key));
    if (rollout === undefined) throw configError({ code: 'rollout_unknown', key });
    return rollout;
  }

  #change(
    key: string,
    options: ChangeOptions,
    decide: (step: Step) => Promise<readonly TransactionPart[]>,
  ): Promise<number> {
    const { comment, ...wait } = options;
    const { store, author } = this.#parts;
    return store.change(async (revision) => {
      const rollout = await this.#find(key);
      const draft = await ChangeDraft.open(this.#parts, rollout.entries);
      return decide({ draft, rollout, facts: { revision, author, ...(comment !== undefined && { comment }) } });
    }, wait);
  }
}

interface Step {
  readonly draft: ChangeDraft;
  readonly rollout: RolloutRecord;
  readonly facts: { readonly revision: number; readonly author: string; readonly comment?: string };
}

/** Whether it changes a key of this tree. */
function touches({ entries }: { readonly entries: readonly Entry[] }, tree: string): boolean {
  return entries.some(({ key }) => isWithin(key, tree) || isWithin(tree, key));
}

function stateOf({ id, stage }: RolloutRecord, follower: FollowerRecord): RolloutFollower {
  const has = follower.rollouts.includes(id);
  const isDue = reaches(stage, follower);
  const state = has ? (isDue ? 'applied' : 'leaving') : isDue ? 'due' : 'kept';
  return { id: follower.id, labels: follower.labels, state };
}
