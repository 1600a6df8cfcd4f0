import type { Coordination } from '@reeve/client';
import type { WaitOptions } from '@reeve/recipes';
import { configError } from './config-error.ts';
import { type ConfigOptions, type ConfigParts, partsOf } from './config-options.ts';
import { checkKey, isWithin, scopeOf } from './model/key.ts';
import { encode } from './model/records.ts';
import { readScopes, readValues } from './store/change-draft.ts';
import { readSchemas, type SchemaRecord } from './store/read-schemas.ts';
import { checkSchema, checkValues, type JsonSchema } from './store/schemas.ts';

/**
 * The JSON Schemas that values are checked by when they are published. The schema of a key is about its value; that of
 * a tree about an object of all that is below it, so it can say which keys there may be, and what they have to do with
 * one another.
 */
export class ConfigSchemas {
  readonly #parts: ConfigParts;

  constructor(client: Coordination, options: ConfigOptions) {
    this.#parts = partsOf(client, options);
  }

  /** Every schema, by the key or tree that it is about. */
  async list(wait: WaitOptions = {}): Promise<Readonly<Record<string, JsonSchema>>> {
    const { store } = this.#parts;
    return Object.fromEntries(await store.reading(wait, () => readSchemas(store)));
  }

  /**
   * Publishes the schema of a key or tree. What is there must conform.
   *
   * @throws ConfigError `schema_invalid`, `value_invalid`
   */
  async set(key: string, schema: JsonSchema, wait: WaitOptions = {}): Promise<void> {
    await checkSchema(checkKey(key), schema);
    const { store, author } = this.#parts;
    const path = store.layout.schema(key);
    await store.change(async () => {
      const { keys } = await readScopes(store, [scopeOf(key)]);
      const concerned = [...keys].filter((one) => isWithin(one, key));
      await checkValues(new Map([[key, schema]]), await readValues(store, concerned), concerned);
      const [there] = await store.read([path]);
      const data = encode({ schema, author } satisfies SchemaRecord);
      return [{ op: there === undefined ? 'create' : 'setData', path, data }];
    }, wait);
  }

  /** Withdraws a schema. @throws ConfigError `key_unknown` */
  async remove(key: string, wait: WaitOptions = {}): Promise<void> {
    const { store } = this.#parts;
    const path = store.layout.schema(checkKey(key));
    await store.change(async () => {
      const [there] = await store.read([path]);
      if (there === undefined) throw configError({ code: 'key_unknown', key });
      return [{ op: 'delete', path }];
    }, wait);
  }
}
