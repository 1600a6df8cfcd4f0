import { expect, test } from '@jest/globals';
import { LineSplitter } from '../src/line-splitter.ts';

function split(pieces: readonly string[], charactersMax?: number): readonly string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), charactersMax);
  for (const piece of pieces) splitter.push(piece);
  splitter.flush();
  return lines;
}

test('lines are the same however the text is cut', () => {
  const text = 'one\n\ntwo\nthree';
  for (let i = 0; i <= text.length; i += 1) {
    expect(split([text.slice(0, i), text.slice(i)])).toEqual(['one', '', 'two', 'three']);
  }
});

test('a line that is too long comes in pieces, and is never held whole', () => {
  expect(split(['abcdefg', 'h\nij'], 3)).toEqual(['abc', 'def', 'gh', 'ij']);
});
