import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseAcl } from '../src/input/access-list.ts';
import { dataLine, fromDataText, toDataText } from '../src/znodes/data-text.ts';
import { endLine, headLine, readExport, znodeLine } from '../src/znodes/export-format.ts';

const head = headLine({ path: '/shop', exportedAt: '2026-01-01T00:00:00.000Z' });

async function* linesOf(...lines: readonly string[]) {
  yield* lines;
}

const read = (...lines: readonly string[]) => readExport(linesOf(...lines), 'shop.jsonl');

test('data of any kind comes back from JSON as it was, and text stays readable', () => {
  const roundTrip = (data: Buffer | null) => fromDataText(JSON.parse(JSON.stringify(toDataText(data))));
  const comesBack = (data: Buffer) => roundTrip(data)?.equals(data) === true;
  fc.assert(fc.property(fc.uint8Array(), (bytes) => comesBack(Buffer.from(bytes))));
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => comesBack(Buffer.from(text))));
  expect(roundTrip(null)).toBeNull();
  expect([toDataText(Buffer.from('schön\n')), toDataText(Buffer.from([0xff]))]).toEqual([
    { data: 'schön\n' },
    { base64: '/w==' },
  ]);
});

test('an export comes back as it was written', async () => {
  const acl = [parseAcl('world:anyone:r'), parseAcl('digest:me:x/=+:rwcda')];
  const znodes = [
    { path: '', data: null, acl: undefined },
    { path: '/a', data: Buffer.from('x'), acl },
  ];
  expect(await read(head, ...znodes.map(znodeLine), endLine(2))).toEqual({
    kind: 'reeve-znodes',
    version: 1,
    path: '/shop',
    exportedAt: '2026-01-01T00:00:00.000Z',
    znodes,
  });
});

const rootLine = znodeLine({ path: '', data: null, acl: undefined });

test.each([
  ['what is not JSON', ['nonsense'], /line 1 is not JSON/],
  ['something else', ['{"kind":"else"}'], /shop\.jsonl is no export of znodes/],
  ['nothing', [], /is empty/],
  ['one without its end', [head, rootLine], /is cut off/],
  ['one without its middle', [head, endLine(1)], /has 0 of its 1 znodes/],
  ['one with a znode without data', [head, '{"path":"/a"}', endLine(1)], /line 2/],
  ['one with a path that is none', [head, '{"path":"no/slash","data":null}', endLine(1)], /line 2: path/],
  ['one with bytes that are none', [head, '{"path":"/a","base64":"?"}', endLine(1)], /line 2/],
  ['one with rights that are none', [head, '{"path":"/a","data":"","acl":["all"]}', endLine(1)], /"all" is no entry/],
  ['one that goes on behind its end', [head, endLine(0), rootLine], /something behind the end/],
] as const)('%s is no export', async (_, lines, says) => {
  await expect(read(...lines)).rejects.toThrow(says);
});

test('data on one line is quoted, and cut where it is long', () => {
  expect([dataLine(Buffer.from('a\nb')), dataLine(null), dataLine(Buffer.from([1, 0xff]))]).toEqual([
    '"a\\nb"',
    '(null)',
    '(2 bytes that are not text)',
  ]);
  expect(dataLine(Buffer.from('x'.repeat(100)), 10)).toBe('"xxxxxxxx…');
});
