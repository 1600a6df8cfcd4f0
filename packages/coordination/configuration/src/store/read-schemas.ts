import { keyOfName } from '../model/key.ts';
import { decode } from '../model/records.ts';
import type { ConfigStore } from './config-store.ts';
import type { JsonSchema, Schemas } from './schemas.ts';

/** What a schema's znode holds. */
export interface SchemaRecord {
  readonly schema: JsonSchema;
  readonly author: string;
}

/** Every schema that was published, by the key or tree that it is about. */
export async function readSchemas(store: ConfigStore): Promise<Schemas> {
  const { schemas } = store.layout;
  const [names = []] = await store.list([schemas]);
  const paths = names.map((name) => `${schemas}/${name}`);
  const found = await store.read(paths);
  const read = new Map<string, JsonSchema>();
  for (const [i, name] of names.entries()) {
    const znode = found[i];
    if (znode === undefined) continue;
    const record = decode<SchemaRecord>(paths[i] as string, znode.data, ['schema']);
    read.set(keyOfName(name), record.schema);
  }
  return read;
}
