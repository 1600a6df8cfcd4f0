import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { parseBulkLine } from '../src/input/bulk-line.ts';
import { readTasks } from '../src/input/lines.ts';

const place = { source: 'tasks.ndjson', line: 3 };

describe('a line of a file of tasks', () => {
  test.each([
    ['{"handler":"resize","payload":{"w":1}}', { handler: 'resize', payload: { w: 1 } }],
    ['{"argv":["ls","-l"],"cwd":"/tmp"}', { argv: ['ls', '-l'], cwd: '/tmp' }],
    ['{"shell":"ls | wc -l"}', { argv: [], shell: 'ls | wc -l' }],
    [
      '{"handler":"h","queue":"q","priority":5,"delay":"10s","timeout":250,"retries":3,"backoff":"1m"}',
      { handler: 'h', queue: 'q', priority: 5, delayMs: 10_000, timeoutMs: 250, retries: 3, backoffMs: 60_000 },
    ],
    ['{"handler":"h","once":true}', { handler: 'h', repeat: 'once' }],
    ['{"handler":"h","once":false}', { handler: 'h' }],
  ])('%s is a task', (text, task) => {
    expect(parseBulkLine(text, place)).toEqual(task);
  });

  test.each([
    ['{"handler":', 'line 3 is not JSON'],
    ['[1]', 'line 3 is no JSON object'],
    ['{"payload":1}', 'line 3 has neither "handler" nor "argv" nor "shell"'],
    ['{"handler":"h","quue":"q"}', 'line 3 is wrong: Unrecognized key: "quue"'],
    ['{"handler":7}', 'line 3 is wrong: "handler"'],
    ['{"handler":"h","delay":"soon"}', 'line 3 is wrong: "delay": "soon" is not a duration'],
    ['{"argv":"ls"}', 'line 3 is wrong: "argv"'],
  ])('%s is refused with its number and the reason', (text, message) => {
    expect(() => parseBulkLine(text, place)).toThrow(`tasks.ndjson: ${message}`);
  });
});

describe('a file of tasks', () => {
  test('may have empty lines, and they count in the numbering', async () => {
    const stdin = Readable.from(['{"handler":"a"}\n\n{"handler":"b"}\r\n', 'nonsense']);
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const task of readTasks('-', stdin)) seen.push(task);
    })();
    await expect(reading).rejects.toThrow('standard input: line 4 is not JSON');
    expect(seen).toEqual([{ handler: 'a' }, { handler: 'b' }]);
  });

  test('that is not there is a usage error', async () => {
    const reading = readTasks('/no/such/file', Readable.from([])).next();
    await expect(reading).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('/no/such/file') });
  });
});
