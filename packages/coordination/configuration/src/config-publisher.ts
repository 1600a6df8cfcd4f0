import type { Coordination } from '@reeve/client';
import { type Changes, entriesOf } from './changes.ts';
import { ConfigHistory } from './config-history.ts';
import { type ChangeOptions, type ConfigOptions, type ConfigParts, partsOf } from './config-options.ts';
import { checkKey } from './model/key.ts';
import type { Entry } from './model/records.ts';
import { ChangeDraft } from './store/change-draft.ts';

/** How a publish is made. */
export interface PublishOptions extends ChangeOptions {
  /**
   * The versions that keys must have, whether they are published or not; 0: there must be no such key. When one of them
   * has another, nothing is published (`version_conflict`).
   */
  readonly expected?: Readonly<Record<string, number>> | undefined;
}

/** What to go back to. */
export interface Rollback {
  /** Keys, and trees of keys. */
  readonly keys: readonly string[];
  /** The version that they had: all become as they were right after it. The one before the last unless given. */
  readonly to?: number | undefined;
}

/** What was published. */
export interface Published {
  /** The version that the changed keys have now. */
  readonly revision: number;
  readonly keys: readonly string[];
}

/**
 * Publishes values to keys: several at once, checked by their schemas, kept in a history. Who follows them sees all of
 * one publish or nothing.
 *
 * @example
 * const publisher = new ConfigPublisher(client, { path: '/reeve/config' });
 * await publisher.publish({ set: { 'billing/limits/max': 5, 'billing/currency': 'EUR' } }, { comment: 'new limits' });
 */
export class ConfigPublisher {
  readonly #parts: ConfigParts;
  readonly #history: ConfigHistory;

  constructor(client: Coordination, options: ConfigOptions) {
    this.#parts = partsOf(client, options);
    this.#history = new ConfigHistory(client, options);
  }

  /**
   * Publishes all changes or none.
   *
   * @throws ConfigError where it is refused; RecipeError `aborted`, `deadline_exceeded` or `session_over`; ClientError
   *   where the service refuses
   */
  publish(changes: Changes, options: PublishOptions = {}): Promise<Published> {
    const entries = entriesOf(changes);
    return this.#publish(async () => entries, options);
  }

  /**
   * Makes keys what they were: a new publish, checked like any other.
   *
   * @throws ConfigError `version_unknown` where the history does not reach back so far, and as `publish` does
   */
  rollback({ keys, to }: Rollback, options: PublishOptions = {}): Promise<Published> {
    const trees = keys.map(checkKey);
    let target = to;
    const back = async (): Promise<readonly Entry[]> => {
      target = to ?? (await this.#history.before(trees));
      return this.#history.changesTo(trees, target);
    };
    return this.#publish(back, options, () => target);
  }

  async #publish(
    entriesNow: () => Promise<readonly Entry[]>,
    { comment, expected = {}, ...wait }: PublishOptions,
    rollbackTo: () => number | undefined = () => undefined,
  ): Promise<Published> {
    const { store, author } = this.#parts;
    let keys: readonly string[] = [];
    const revision = await store.change(async (next) => {
      const entries = await entriesNow();
      keys = entries.map(({ key }) => key);
      const draft = await ChangeDraft.open(this.#parts, entries);
      await draft.expect(expected);
      await draft.check();
      const back = rollbackTo();
      const facts = { revision: next, author, ...(comment !== undefined && { comment }) };
      return draft.publish({ ...facts, ...(back !== undefined && { rollbackTo: back }) });
    }, wait);
    return { revision, keys };
  }
}
