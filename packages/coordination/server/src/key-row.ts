/**
 * What a key's value must be, and how to say so. Not a schema of zod, whose hundred modules would be a quarter of the time
 * that a coordinator takes to start.
 */
export interface KeyRow<T> {
  /** The value that a text stands for; `undefined` when it is not allowed. */
  read(text: string): T | undefined;
  readonly allowed: string;
  /** What is to be said of a value that is allowed, and not taken as it is. */
  remark?(value: T): string | undefined;
}

/** What a row reads. */
export type RowValue<Row> = Row extends KeyRow<infer T> ? T : never;

/** A row of its own making. */
export function key<T>(read: (text: string) => T | undefined, allowed: string): KeyRow<T> {
  return { read, allowed };
}

/** A whole number of some unit. */
export function whole(unit: string, min: number, max = Number.MAX_SAFE_INTEGER): KeyRow<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `from ${min} to ${max}`;
  return key(
    (text) => (/^-?(\d+|0x[0-9a-fA-F]+)$/.test(text) ? within(Number(text), { min, max }) : undefined),
    `must be a whole number${unit === '' ? '' : ` of ${unit}`}, ${range}`,
  );
}

/** One of some words, however they are written. */
export function oneOf<W extends string>(words: readonly W[], allowed: string): KeyRow<W> {
  return key((text) => words.find((word) => word.toLowerCase() === text.toLowerCase()), allowed);
}

/** One of two words. */
export function choice(yes: string, no: string): KeyRow<'yes' | 'no'> {
  const { read, allowed } = oneOf([yes, no], `must be ${yes} or ${no}`);
  return key((text) => {
    const word = read(text);
    if (word === undefined) return undefined;
    return word === yes ? 'yes' : 'no';
  }, allowed);
}

/** `true` or `false`. */
export const trueOrFalse = choice('true', 'false');

/** Any text but none. */
export function text(allowed: string): KeyRow<string> {
  return key((value) => (value === '' ? undefined : value), allowed);
}

/** Words with commas between them. */
export function list(allowed: string): KeyRow<readonly string[]> {
  return key((value) => value.split(',').map((word) => word.trim()), allowed);
}

/** A part of a whole. */
export const fraction: KeyRow<number> = key(
  (value) => (/^(\d+\.?\d*|\.\d+)$/.test(value) ? within(Number(value), { min: 0, max: 1 }) : undefined),
  'must be a number from 0 to 1',
);

/** Anything at all. */
export function anything(allowed: string): KeyRow<string> {
  return key((value) => value, allowed);
}

function within(value: number, { min, max }: { readonly min: number; readonly max: number }): number | undefined {
  return value >= min && value <= max ? value : undefined;
}
