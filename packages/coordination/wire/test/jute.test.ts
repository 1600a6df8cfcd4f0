import { describe, expect, test } from '@jest/globals';
import {
  bool,
  buffer,
  type Codec,
  int,
  long,
  ops,
  Reader,
  record,
  type SessionId,
  Span,
  sessionId,
  span,
  ustring,
  vector,
  Writer,
} from '@reeve/wire';
import fc from 'fast-check';

function encode<T>(codec: Codec<T>, value: T): Buffer {
  const writer = new Writer(4);
  codec.encode(writer, value);
  return writer.take();
}

function roundTrip<T>(codec: Codec<T>, value: T): T {
  const reader = new Reader().reset(encode(codec, value));
  const decoded = codec.decode(reader);
  expect(reader.remaining).toBe(0);
  return decoded;
}

describe('jute primitives', () => {
  test.each<[string, Codec<never>, unknown, string]>([
    ['a negative int', int as Codec<never>, -2, 'fffffffe'],
    ['a long', long as Codec<never>, 0x1_0000_0002, '0000000100000002'],
    ['a negative long', long as Codec<never>, -1, 'ffffffffffffffff'],
    ['true', bool as Codec<never>, true, '01'],
    ['a string', ustring as Codec<never>, '/ä', '000000032fc3a4'],
    ['null data', buffer as Codec<never>, null, 'ffffffff'],
    ['empty data', buffer as Codec<never>, Buffer.alloc(0), '00000000'],
    ['a session id above 2^53', sessionId as Codec<never>, '1000aabbccddeeff', '1000aabbccddeeff'],
  ])('%s stands in the wire as ZooKeeper writes it', (_, codec, value, hex) => {
    expect(encode(codec, value as never).toString('hex')).toBe(hex);
    expect(roundTrip(codec, value as never)).toEqual(value);
  });

  test('every value comes back as it was', () => {
    const everything = record({ i: int, l: long, b: bool, s: ustring, d: buffer, v: vector(ustring) });
    const value = fc.record({
      i: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      l: fc.maxSafeInteger(),
      b: fc.boolean(),
      s: fc.string({ unit: 'grapheme', maxLength: 80 }),
      d: fc.option(fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))),
      v: fc.array(fc.string({ maxLength: 60 }), { maxLength: 5 }),
    });
    fc.assert(fc.property(value, (it) => expect(roundTrip(everything, it)).toEqual(it)));
  });

  test('the data of a request is read as a span, whatever it was written from', () => {
    const { request } = ops.setData;
    const bytes = fc.option(fc.uint8Array({ maxLength: 300 }).map((it) => Buffer.from(it)));
    fc.assert(
      fc.property(bytes, (data) => {
        const read = roundTrip(request, { path: '/a', data, version: -1 });
        expect(read.data instanceof Span ? read.data.octets() : read.data).toEqual(data?.toString('latin1') ?? null);
        expect(encode(request, read)).toEqual(encode(request, { ...read, data }));
      }),
    );
  });

  test('every session id comes back as it was', () => {
    const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => n.toString(16).padStart(16, '0') as SessionId);
    fc.assert(fc.property(id, (it) => expect(roundTrip(sessionId, it)).toBe(it)));
  });
});

describe('Reader', () => {
  test.each<[string, Codec<never>, string, string]>([
    ['a string longer than the frame', ustring as Codec<never>, '000000ff61', 'frame_truncated'],
    ['a string of negative length', ustring as Codec<never>, 'fffffffe', 'frame_malformed'],
    ['data of negative length', buffer as Codec<never>, 'fffffffe', 'frame_malformed'],
    ['a span of negative length', span as Codec<never>, 'fffffffe', 'frame_malformed'],
    ['a span beyond the frame', span as Codec<never>, '000000ff61', 'frame_truncated'],
    ['a vector with more elements than bytes', vector(int) as Codec<never>, '7fffffff00000001', 'frame_malformed'],
    ['a vector of negative length', vector(int) as Codec<never>, 'fffffffe', 'frame_malformed'],
    ['half an int', int as Codec<never>, '0000', 'frame_truncated'],
  ])('refuses %s with a code', (_, codec, hex, code) => {
    expect(() => codec.decode(new Reader().reset(Buffer.from(hex, 'hex')))).toThrow(expect.objectContaining({ code }));
  });

  test("reads jute's null string and null vector as empty", () => {
    const reader = new Reader().reset(Buffer.from('ffffffffffffffff', 'hex'));
    expect([reader.string(), vector(int).decode(reader)]).toEqual(['', []]);
  });
});

describe('Writer', () => {
  test('take hands the bytes over and starts anew', () => {
    const writer = new Writer(2);
    writer.int(1);
    const first = writer.take();
    writer.int(2);
    expect([first.toString('hex'), writer.take().toString('hex')]).toEqual(['00000001', '00000002']);
  });

  test('rewind takes back what was written after a position', () => {
    const writer = new Writer();
    writer.int(1);
    const mark = writer.length;
    writer.string('/gone');
    writer.rewind(mark);
    writer.int(2);
    expect(writer.take().toString('hex')).toBe('0000000100000002');
  });
});
