import { expect, test } from '@jest/globals';
import { OutputTail } from '../src/runner/output-tail.ts';

function tailOf(chunks: readonly string[], bytesMax: number): string {
  const tail = new OutputTail(bytesMax);
  for (const chunk of chunks) tail.push(Buffer.from(chunk));
  return tail.text();
}

test('short output is kept whole', () => {
  expect(tailOf(['ab', 'cd'], 4)).toBe('abcd');
});

test('of long output the end is kept, and that something was dropped', () => {
  const chunks = Array.from({ length: 100 }, (_, i) => `${i} `);
  expect(tailOf(chunks, 9)).toBe('…97 98 99 ');
});

test('a character that the cut went through is left out', () => {
  expect(tailOf(['ää€€'], 4)).toBe('…€');
});
