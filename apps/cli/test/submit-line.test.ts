import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { requestOf, type SubmitLine } from '../src/commands/submit.ts';

const line = (parts: Partial<SubmitLine>): SubmitLine => ({ raw: {}, words: [], command: undefined, ...parts });
const stdin = (text = '') => Readable.from([text]);

describe('a command line', () => {
  test.each<[Partial<SubmitLine>, object]>([
    [{ words: ['resize'] }, { handler: 'resize', payload: null }],
    [
      { words: ['resize'], raw: { payload: '{"w":1}' } },
      { handler: 'resize', payload: { w: 1 } },
    ],
    [{ command: ['ls', '-l'] }, { argv: ['ls', '-l'] }],
    [
      { command: ['ls'], raw: { cwd: '/tmp', env: { A: '1' } } },
      { argv: ['ls'], cwd: '/tmp', env: { A: '1' } },
    ],
    [{ raw: { shell: 'ls | wc' } }, { argv: [], shell: 'ls | wc' }],
    [
      { command: ['/tmp'], raw: { shell: 'ls "$0"' } },
      { argv: ['/tmp'], shell: 'ls "$0"' },
    ],
    [
      { words: ['a'], raw: { queue: 'q', priority: 1, delay: 2, timeout: 3, retries: 4, backoff: 5, id: 'i' } },
      { handler: 'a', queue: 'q', priority: 1, delayMs: 2, timeoutMs: 3, retries: 4, backoffMs: 5, id: 'i' },
    ],
    [
      { words: ['a'], raw: { once: true } },
      { handler: 'a', repeat: 'once' },
    ],
  ])('%j asks for one task', async (parts, request) => {
    expect(await requestOf(line(parts), stdin())).toEqual({
      ...('handler' in request ? { payload: null } : {}),
      ...request,
    });
  });

  test('reads the payload from standard input for "-"', async () => {
    expect(await requestOf(line({ words: ['a'], raw: { payload: '-' } }), stdin('[1, 2]'))).toMatchObject({
      payload: [1, 2],
    });
  });

  test.each<[Partial<SubmitLine>, string]>([
    [{}, 'nothing to submit'],
    [{ words: ['a', 'b'] }, '"b" is one word too many'],
    [{ words: ['a'], command: ['ls'] }, 'there is a command as well'],
    [{ command: [] }, 'no command after "--"'],
    [{ command: ['ls'], raw: { payload: '1' } }, '--payload is for handlers'],
    [{ words: ['a'], raw: { cwd: '/' } }, '--cwd is for commands'],
    [{ words: ['a'], raw: { once: true, retries: 1 } }, 'contradict'],
    [{ words: ['a'], raw: { payload: '{a}' } }, '--payload is not JSON'],
    [{ words: ['a'], raw: { payload: '-' } }, 'standard input is not JSON'],
  ])('%j is refused: %s', async (parts, message) => {
    await expect(requestOf(line(parts), stdin())).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
    });
  });
});
