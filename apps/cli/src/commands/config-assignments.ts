import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { messageOf } from '@reeve/base';
import { type JsonValue, keysOf } from '@reeve/configuration';
import { usageError } from '../cli-error.ts';

/** How the values on a command line are to be taken. */
export interface ValueForm {
  /** `text`: as they stand; `json`: JSON where they are, and text where they are not. */
  readonly form: 'text' | 'json';
}

/** The values of `KEY=VALUE` words. A value `@FILE` is read from a file, `-` from standard input. */
export async function assignmentsOf(
  words: readonly string[],
  options: ValueForm & { readonly stdin: NodeJS.ReadableStream },
): Promise<Record<string, JsonValue>> {
  const values: Record<string, JsonValue> = {};
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 1) throw usageError(`"${word}" is not KEY=VALUE`, 'Say it like billing/limits/max=5.');
    const key = word.slice(0, equals);
    if (Object.hasOwn(values, key)) throw usageError(`${key} has two values`, 'Give it once.');
    values[key] = jsonOr(await contentOf(word.slice(equals + 1), options.stdin), options);
  }
  return values;
}

/** The values of a file with a JSON object: each object in it is a level of keys. `prefix` goes before all of them. */
export async function documentOf(file: string, prefix: string): Promise<Record<string, JsonValue>> {
  let document: JsonValue;
  try {
    document = JSON.parse(await readFile(file, 'utf8')) as JsonValue;
  } catch (error) {
    throw usageError(`cannot read ${file}: ${messageOf(error)}`, 'It must hold a JSON object of keys and values.');
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw usageError(`${file} holds no JSON object`, 'Each name in it is a key, or a level of keys.');
  }
  return Object.fromEntries(keysOf(document, prefix));
}

async function contentOf(value: string, stdin: NodeJS.ReadableStream): Promise<string> {
  if (value === '-') return text(stdin);
  if (!value.startsWith('@')) return value;
  try {
    return await readFile(value.slice(1), 'utf8');
  } catch (error) {
    throw usageError(`cannot read the value: ${messageOf(error)}`, 'After @ comes the name of a file.');
  }
}

function jsonOr(content: string, { form }: ValueForm): JsonValue {
  if (form === 'text') return content;
  try {
    return JSON.parse(content) as JsonValue;
  } catch {
    return content;
  }
}
