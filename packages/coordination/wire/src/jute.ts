import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** How a value of type `T` stands in a frame. */
export interface Codec<T> {
  /** The fewest bytes an encoded value takes: what bounds the count of a vector. */
  readonly bytesMin: number;
  encode(writer: Writer, value: T): void;
  decode(reader: Reader): T;
}

/** The type of value that a codec reads and writes. */
export type ValueOf<C> = C extends Codec<infer T> ? T : never;

/** jute `int`: 32 bits, signed. */
export const int: Codec<number> = {
  bytesMin: 4,
  encode: (writer, value) => writer.int(value),
  decode: (reader) => reader.int(),
};

/** jute `long` as a plain number: zxids, times, time-to-live. */
export const long: Codec<number> = {
  bytesMin: 8,
  encode: (writer, value) => writer.long(value),
  decode: (reader) => reader.long(),
};

/** jute `boolean`: one byte. */
export const bool: Codec<boolean> = {
  bytesMin: 1,
  encode: (writer, value) => writer.bool(value),
  decode: (reader) => reader.bool(),
};

/** jute `ustring`: UTF-8 behind its length in bytes. */
export const ustring: Codec<string> = {
  bytesMin: 4,
  encode: (writer, value) => writer.string(value),
  decode: (reader) => reader.string(),
};

/** A `ustring` that comes again and again: the path of a znode that is looked at or changed, not of one that is made. */
export const recurring: Codec<string> = {
  bytesMin: 4,
  encode: (writer, value) => writer.string(value),
  decode: (reader) => reader.recurringString(),
};

/** jute `buffer`: bytes behind their length; null is not empty. Decoding returns a view into the frame. */
export const buffer: Codec<Buffer | null> = {
  bytesMin: 4,
  encode: (writer, value) => writer.buffer(value),
  decode: (reader) => reader.buffer(),
};

/** jute `vector<T>`. */
export function vector<T>(element: Codec<T>): Codec<readonly T[]> {
  return {
    bytesMin: 4,
    encode(writer, values) {
      writer.int(values.length);
      for (const value of values) element.encode(writer, value);
    },
    decode(reader) {
      const count = reader.count(element.bytesMin);
      const values: T[] = [];
      for (let i = 0; i < count; i += 1) values.push(element.decode(reader));
      return values;
    },
  };
}

/** The codecs of a record's fields, in wire order. */
export type Fields = Readonly<Record<string, Codec<unknown>>>;
/** A record's codec, and what it was compiled from. */
export interface RecordCodec<F extends Fields> extends Codec<RecordOf<F>> {
  readonly fields: F;
}

type RecordOf<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

/**
 * A jute record: its fields in wire order.
 *
 * The schema is compiled once, at load, into straight-line code, so that each record has one hidden class and each
 * field's codec one call site; see docs/adr/0007-no-enums-and-compiled-schemas.md.
 *
 * @example
 * const checkRequest = record({ path: ustring, version: int });
 */
export function record<F extends Fields>(fields: F): RecordCodec<F> {
  return compile(fields, '');
}

/** A record that reads with one field more, which says what it is: it is not written. */
export function tagged<F extends Fields>({ fields }: RecordCodec<F>, tag: string, value: string): Codec<RecordOf<F>> {
  return compile(fields, `${tag}: ${JSON.stringify(value)}, `);
}

function compile<F extends Fields>(fields: F, constants: string): RecordCodec<F> {
  const names = Object.keys(fields);
  const codecs = Object.values(fields);
  const parameters = names.map((_, i) => `codec${i}`);
  const reads = names.map((name, i) => `${name}: codec${i}.decode(reader)`).join(', ');
  const writes = names.map((name, i) => `codec${i}.encode(writer, value.${name});`).join(' ');
  const decode = new Function(...parameters, `return (reader) => ({ ${constants}${reads} });`)(...codecs);
  const encode = new Function(...parameters, `return (writer, value) => { ${writes} };`)(...codecs);
  return { fields, bytesMin: codecs.reduce((sum, codec) => sum + codec.bytesMin, 0), encode, decode };
}

/** The record without fields, such as the body of a ping. */
export const empty: Codec<Empty> = { bytesMin: 0, encode: () => undefined, decode: () => nothing };

/** The value of a record without fields. */
export type Empty = Readonly<Record<never, never>>;

/** The one value of `empty`. */
export const nothing: Empty = Object.freeze({});
