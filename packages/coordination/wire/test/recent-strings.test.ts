import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RecentStrings } from '../src/recent-strings.ts';

const paths = fc.constantFrom(
  '/short',
  '/tasks/0000000001',
  '/tasks/0000000002',
  '/Tasks/0000000001',
  `/${'x'.repeat(200)}`,
);
const octets = fc.oneof(
  paths.map((path) => Buffer.from(path)),
  fc.string({ unit: 'binary', maxLength: 140 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 140 }).map((bytes) => Buffer.from(bytes)),
);

describe('recent strings', () => {
  test('are what the engine would make of the octets, whatever was asked for before', () => {
    fc.assert(
      fc.property(fc.array(octets, { maxLength: 40 }), (asked) => {
        const strings = new RecentStrings();
        for (const bytes of [...asked, ...asked, ...asked]) {
          expect(strings.text(bytes, 0, bytes.length)).toBe(bytes.toString('utf8'));
        }
      }),
    );
  });

  test('are found in the middle of a frame', () => {
    const strings = new RecentStrings();
    const frame = Buffer.from('....../tasks/0000000001......');
    const found = Array.from({ length: 4 }, () => strings.text(frame, 6, 23));
    expect(found).toEqual(Array.from({ length: 4 }, () => '/tasks/0000000001'));
  });

  test('that share a slot do not stand for each other', () => {
    const strings = new RecentStrings();
    const all = Array.from({ length: 20_000 }, (_, at) => `/many/${at}/of/them`);
    for (const path of [...all, ...all, ...all]) {
      const bytes = Buffer.from(path);
      if (strings.text(bytes, 0, bytes.length) !== path) throw new Error(`${path} became another`);
    }
  });
});
