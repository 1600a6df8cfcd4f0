import { type Codec, type Fields, type RecordCodec, tagged, type ValueOf } from './jute.ts';
import * as m from './messages.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

// A multi is a list of (header, record) that a header with type -1 and done=1 closes (MultiTransactionRecord).
const CLOSED = -1;
/** The fewest bytes one part takes: its header of 4 + 1 + 4. */
const PART_BYTES_MIN = 9;

/** The operations that a multi can hold, by number: what each sends and what each answers. */
const writes = {
  create: { code: 1, request: m.createRequest, reply: m.pathReply },
  delete: { code: 2, request: m.pathAndVersion, reply: undefined },
  setData: { code: 5, request: m.setDataRequest, reply: m.statReply },
  check: { code: 13, request: m.pathAndVersion, reply: undefined },
  create2: { code: 15, request: m.createRequest, reply: m.pathAndStatReply },
  createContainer: { code: 19, request: m.createRequest, reply: m.pathAndStatReply },
  createTTL: { code: 21, request: m.createTtlRequest, reply: m.pathAndStatReply },
} as const;

const reads = {
  getData: { code: 4, request: m.pathAndWatch, reply: m.dataReply },
  getChildren: { code: 8, request: m.pathAndWatch, reply: m.childrenReply },
} as const;

type Row = { code: number; request: RecordCodec<Fields>; reply: Codec<unknown> | undefined };
type Table = Readonly<Record<string, Row>>;
type PartOf<T extends Table> = { [K in keyof T]: { readonly op: K } & ValueOf<T[K]['request']> }[keyof T];

/** One write inside a multi. */
export type MultiPart = PartOf<typeof writes>;
/** One read inside a multiRead; its `watch` is not looked at. */
export type MultiReadPart = PartOf<typeof reads>;

/** What one part of a multi or multiRead answered. `err` is a number of `errors`; a failed multi has only these. */
export type MultiResult =
  | { readonly op: 'error'; readonly err: number }
  | { readonly op: 'delete' | 'check' }
  | ({ readonly op: 'create' } & ValueOf<typeof m.pathReply>)
  | ({ readonly op: 'create2' } & ValueOf<typeof m.pathAndStatReply>)
  | ({ readonly op: 'setData' } & ValueOf<typeof m.statReply>)
  | ({ readonly op: 'getData' } & ValueOf<typeof m.dataReply>)
  | ({ readonly op: 'getChildren' } & ValueOf<typeof m.childrenReply>);

/** A multi's parts, in order. */
export const multiRequest: Codec<readonly MultiPart[]> = partsCodec<MultiPart>(writes);
/** A multiRead's parts, in order. */
export const multiReadRequest: Codec<readonly MultiReadPart[]> = partsCodec<MultiReadPart>(reads);

/** The results of a multi or multiRead, one for each part, in order. */
export const multiReply: Codec<readonly MultiResult[]> = {
  bytesMin: PART_BYTES_MIN,
  encode(writer, results) {
    for (const result of results) encodeResult(writer, result);
    writeHeader(writer, CLOSED, CLOSED);
  },
  decode(reader) {
    const results: MultiResult[] = [];
    for (let type = readHeader(reader); type !== undefined; type = readHeader(reader)) {
      results.push(decodeResult(reader, type));
    }
    return results;
  },
};

function partsCodec<P extends { readonly op: string }>(table: Table): Codec<readonly P[]> {
  const byCode = new Map(Object.entries(table).map(([op, row]) => [row.code, tagged(row.request, 'op', op)] as const));
  return {
    bytesMin: PART_BYTES_MIN,
    encode(writer, parts) {
      for (const part of parts) {
        const row = table[part.op] as Table[string];
        writeHeader(writer, row.code, -1);
        row.request.encode(writer, part);
      }
      writeHeader(writer, CLOSED, -1);
    },
    decode(reader) {
      const parts: P[] = [];
      for (let type = readPartHeader(reader); type !== undefined; type = readPartHeader(reader)) {
        const part = byCode.get(type);
        if (part === undefined) throw reader.malformed(`operation ${type} cannot be part of a multi`);
        parts.push(part.decode(reader) as unknown as P);
      }
      return parts;
    },
  };
}

const results = { ...writes, ...reads };
const resultRows = new Map<number, { op: MultiResult['op']; reply: Codec<unknown> | undefined }>(
  (['create', 'delete', 'setData', 'check', 'create2', 'getData', 'getChildren'] as const).map((op) => [
    results[op].code,
    { op, reply: results[op].reply },
  ]),
);

function encodeResult(writer: Writer, result: MultiResult): void {
  if (result.op === 'error') {
    writeHeader(writer, CLOSED, result.err, 'open');
    writer.int(result.err);
    return;
  }
  const row = results[result.op];
  writeHeader(writer, row.code, 0);
  const reply: Codec<unknown> | undefined = row.reply;
  reply?.encode(writer, result);
}

function decodeResult(reader: Reader, type: number): MultiResult {
  if (type === CLOSED) return { op: 'error', err: reader.int() };
  const row = resultRows.get(type);
  if (row === undefined) throw reader.malformed(`operation ${type} cannot be the result of a multi`);
  return { op: row.op, ...(row.reply?.decode(reader) as object | undefined) } as MultiResult;
}

function writeHeader(writer: Writer, type: number, err: number, end: 'open' | 'by type' = 'by type'): void {
  writer.int(type);
  writer.bool(end === 'by type' && type === CLOSED);
  writer.int(err);
}

/** The type of the next part; `undefined` at the closing header. */
function readHeader(reader: Reader): number | undefined {
  const type = reader.int();
  const done = reader.bool();
  reader.int();
  return done ? undefined : type;
}

function readPartHeader(reader: Reader): number | undefined {
  const type = readHeader(reader);
  if (type === CLOSED) throw reader.malformed('a part of a multi without an operation');
  return type;
}
