import { afterAll, expect, test } from '@jest/globals';
import { Ledger, LedgerWriter } from '../src/ledger.ts';

const ledgers: Ledger[] = [];
const open = () => {
  const ledger = new Ledger();
  ledgers.push(ledger);
  return { ledger, writer: new LedgerWriter(ledger.descriptor) };
};

afterAll(() => {
  for (const ledger of ledgers) ledger.close();
});

const started = (n: number) => ({ kind: 'started', n, at: 1 }) as const;
const lineOf = (report: object) => `${JSON.stringify(report)}\n`;

test('what one side appends the other reads', () => {
  const { ledger, writer } = open();
  expect(ledger.read()).toEqual([]);
  writer.append(lineOf(started(1)) + lineOf(started(2)));
  writer.append(lineOf({ kind: 'note', message: 'ä€😀'.repeat(3_000) }));
  expect(ledger.read()).toEqual([started(1), started(2), { kind: 'note', message: 'ä€😀'.repeat(3_000) }]);
});

test('nothing is revoked at first, and then all up to a number', () => {
  const { ledger, writer } = open();
  expect(writer.isRevoked(1)).toBe(false);
  ledger.revoke(7);
  expect([7, 8].map((n) => writer.isRevoked(n))).toEqual([true, false]);
});

test('a torn line is passed over', () => {
  const { ledger, writer } = open();
  writer.append(`${lineOf(started(1))}{"kind":"star`);
  expect(ledger.read()).toEqual([started(1)]);
});

test('it is full at some time, and empty when it was started anew', () => {
  const { ledger, writer } = open();
  ledger.revoke(3);
  while (!writer.isFull) writer.append(lineOf(started(5)));
  writer.restart();
  writer.append(lineOf(started(6)));
  expect(ledger.read()).toEqual([started(6)]);
  expect(writer.isRevoked(3)).toBe(true);
});
