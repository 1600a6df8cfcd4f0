import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { readBytes } from '../src/input/bytes-input.ts';

test('what is read from standard input is called off at Ctrl-C', async () => {
  const stop = new AbortController();
  const read = readBytes('-', new PassThrough(), stop.signal);
  stop.abort();
  await expect(read).rejects.toMatchObject({ code: 'interrupted' });
});

test('standard input is read to its end, whatever its bytes are', async () => {
  const stdin = new PassThrough();
  stdin.write(Buffer.from([0, 255]));
  stdin.end('x');
  const { signal } = new AbortController();
  expect(await readBytes('-', stdin, signal)).toEqual(Buffer.from([0, 255, 120]));
});
