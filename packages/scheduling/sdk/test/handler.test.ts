import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { check, handler, handlersOf, isHandler } from '../src/index.ts';

const resize = handler({
  name: 'resize',
  payload: z.object({ file: z.string(), width: z.coerce.number().default(100) }),
  run: ({ file, width }) => ({ file, width }),
});

describe('a handler', () => {
  test('is known by its own name, or by the name of its export', () => {
    const plain = handler({ run: () => 1 });
    expect([...handlersOf({ resized: resize, plain }).keys()]).toEqual(['resize', 'plain']);
  });

  test('may be a plain exported function; anything else that a module exports is not one', () => {
    const module = { shout: (text: unknown) => String(text).toUpperCase(), limit: 3, table: {}, nothing: null };
    const found = handlersOf(module);
    expect([...found.keys()]).toEqual(['shout']);
    expect(isHandler(found.get('shout'))).toBe(true);
  });

  test('counts as a default export only when it names itself', () => {
    expect([...handlersOf({ default: handler({ run: () => 1 }) }).keys()]).toEqual([]);
    expect([...handlersOf({ default: resize }).keys()]).toEqual(['resize']);
  });
});

describe('checking a payload', () => {
  test('gives what the schema makes of it', async () => {
    expect(await check(resize.payload, { file: 'a.png' })).toEqual({ ok: true, value: { file: 'a.png', width: 100 } });
  });

  test('names each place that is wrong in one line', async () => {
    const checked = await check(resize.payload, { width: 'wide' });
    expect(checked).toMatchObject({ ok: false });
    expect(checked.ok ? '' : checked.message).toMatch(/^file: .+; width: .+$/);
  });

  test('without a schema takes the value as it is', async () => {
    expect(await check(undefined, 7)).toEqual({ ok: true, value: 7 });
  });
});
