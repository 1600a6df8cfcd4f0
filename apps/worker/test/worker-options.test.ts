import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { completeOptions, type WorkerOptions } from '../src/worker-options.ts';

const connect = '127.0.0.1:2181';

test('what is not given has a default, and modules become absolute', () => {
  const settings = completeOptions({ connect, handlers: ['handlers.ts', '/srv/more.mjs'] });
  expect(settings).toMatchObject({
    slots: 4,
    queues: ['default'],
    commands: 'refused',
    handlers: [resolve('handlers.ts'), '/srv/more.mjs'],
  });
});

test.each<[keyof WorkerOptions, Partial<WorkerOptions>]>([
  ['slots', { slots: 0 }],
  ['slots', { slots: 1.5 }],
  ['graceMs', { graceMs: Number.NaN }],
  ['memoryMaxMb', { memoryMaxMb: -1 }],
  ['name', { name: 'a/b' }],
  ['name', { name: '' }],
  ['fleet', { fleet: 'north south' }],
  ['queues', { queues: [] }],
  ['handlers', { handlers: [] }],
])('%s is refused: %j', (option, options) => {
  const refused = expect.objectContaining({
    code: 'worker_options_invalid',
    facts: expect.objectContaining({ option }),
  });
  expect(() => completeOptions({ connect, handlers: ['h.mjs'], ...options })).toThrow(refused);
});
