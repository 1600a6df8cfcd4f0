import type { Coordination } from '@reeve/client';
import type { WaitOptions } from '@reeve/recipes';
import { configError } from './config-error.ts';
import { type ConfigOptions, type ConfigParts, partsOf } from './config-options.ts';
import type { JsonValue } from './model/json.ts';
import { checkKey } from './model/key.ts';
import { readSnapshot } from './store/read-snapshot.ts';

/** A key as it is published. */
export interface ConfigValue {
  readonly key: string;
  readonly value: JsonValue;
  readonly version: number;
}

/** Reads what is published, once; what is only being rolled out is not. Who wants to stay up to date follows instead. */
export class ConfigReader {
  readonly #parts: ConfigParts;

  constructor(client: Coordination, options: ConfigOptions) {
    this.#parts = partsOf(client, options);
  }

  /**
   * A key, or all keys of a tree, or all there are; by key, as they were at one moment after the call.
   *
   * @throws ConfigError `key_unknown` where there is nothing at `tree`
   */
  async read(tree?: string, wait: WaitOptions = {}): Promise<readonly ConfigValue[]> {
    const trees = tree === undefined ? [] : [checkKey(tree)];
    const { store } = this.#parts;
    const { values } = await store.reading(wait, () => readSnapshot(store, trees));
    if (values.size === 0 && tree !== undefined) throw configError({ code: 'key_unknown', key: tree });
    return [...values].map(([key, record]) => ({ key, ...record })).toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }
}
