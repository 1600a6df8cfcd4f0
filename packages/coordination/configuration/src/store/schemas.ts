import { messageOf } from '@reeve/base';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { configError, type ValueIssue } from '../config-error.ts';
import { documentAt } from '../model/document.ts';
import { isObject, type JsonObject, type JsonValue } from '../model/json.ts';
import { isWithin } from '../model/key.ts';

/** A JSON Schema, of draft 7 or 2020-12 by its `$schema`; 2020-12 unless given. */
export type JsonSchema = JsonObject | boolean;

/** Schemas by the key, or tree of keys, that each of them is about. */
export type Schemas = ReadonlyMap<string, JsonSchema>;

/** What is wrong in one message at most: the first of so many. */
const ISSUES_MAX = 5;

/** Checks that it is a JSON Schema. @throws ConfigError `schema_invalid` */
export async function checkSchema(key: string, schema: unknown): Promise<JsonSchema> {
  if (typeof schema !== 'boolean' && !isObject(schema)) {
    throw configError({ code: 'schema_invalid', key, reason: 'it is neither an object nor true or false' });
  }
  await compile(key, schema);
  return schema;
}

/**
 * Checks what the changed keys belong to: the schema of a key sees its value, that of a tree an object of all below it.
 *
 * @throws ConfigError `value_invalid`
 */
export async function checkValues(
  schemas: Schemas,
  values: ReadonlyMap<string, JsonValue>,
  changed: readonly string[],
): Promise<void> {
  for (const [path, schema] of schemas) {
    const key = changed.find((one) => isWithin(one, path));
    if (key === undefined) continue;
    const found = documentAt(values, path);
    // What is not there is not wrong, unless something of it is.
    if (found === undefined) continue;
    const validate = await compile(path, schema);
    if (validate(found)) continue;
    const issues = (validate.errors ?? []).slice(0, ISSUES_MAX).map(issueOf);
    throw configError({ code: 'value_invalid', key: culprit(changed, path, issues) ?? key, schema: path, issues });
  }
}

/** Which of the changed keys the first issue is about. */
function culprit(changed: readonly string[], path: string, issues: readonly ValueIssue[]): string | undefined {
  const at = `${path}${issues[0]?.path ?? ''}`;
  return changed.find((key) => isWithin(at, key) || isWithin(key, at));
}

async function compile(key: string, schema: JsonSchema): Promise<ValidateFunction> {
  const options = { allErrors: true, strict: false, validateFormats: false } as const;
  const isOld = isObject(schema) && typeof schema.$schema === 'string' && schema.$schema.includes('draft-07');
  // Those who only follow never need it, and should not wait for it.
  const [{ Ajv }, { Ajv2020 }] = await Promise.all([import('ajv'), import('ajv/dist/2020.js')]);
  try {
    return (isOld ? new Ajv(options) : new Ajv2020(options)).compile(schema);
  } catch (error) {
    throw configError({ code: 'schema_invalid', key, reason: messageOf(error) });
  }
}

function issueOf({ instancePath, message = 'is wrong', params }: ErrorObject): ValueIssue {
  const extra: unknown = params.additionalProperty ?? params.allowedValues ?? params.allowedValue;
  return { path: instancePath, message: extra === undefined ? message : `${message} (${String(extra)})` };
}
