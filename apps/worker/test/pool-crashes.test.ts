import { writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { eventually } from '@reeve/testkit';
import type { Execution } from '../src/pool/execution.ts';
import { isAlive, PoolHarness } from './pool-harness.ts';

const harness = new PoolHarness({ slots: 2, memoryMaxMb: 48 });
const { pool } = harness;
const single = new PoolHarness();

test('both pools start', async () => {
  await Promise.all([pool.start(), single.pool.start()]);
});

describe('a handler that ends its process', () => {
  test.each([
    ['exit', { code: 'handler_exited', exitCode: 3, message: 'the handler called process.exit(3)' }],
    ['kill', { code: 'handler_exited', signal: 'SIGKILL' }],
    ['abort', { code: 'handler_exited', signal: 'SIGABRT' }],
    ['scribble', { code: 'handler_exited', signal: 'SIGKILL' }],
  ])('%s: only its own attempt fails, and the next one runs', async (does, error) => {
    expect(await harness.error(harness.handle('act', { does }))).toMatchObject(error);
    expect(await harness.result(harness.handle('act', { id: 'next' }))).toBe('next');
  });

  test('one that eats all memory is told apart, with the limit', async () => {
    const error = await harness.error(harness.handle('eatMemory'));
    expect(error).toMatchObject({ code: 'handler_exited', message: 'the handler ran out of memory (limit 48 MB)' });
  });

  test.each(['exit', 'kill', 'abort'])(
    '%s: of the attempts in the same inbox, each of the others runs once',
    async (does) => {
      await single.warmUp();
      const log = single.file(`ran-${does}`);
      const ids = Array.from({ length: 41 }, (_, i) => `${i}`);
      const executions = ids.map((id) => single.handle('act', { id, log, does: id === '20' ? does : undefined }));
      const results = await Promise.all(executions.map((execution) => single.result(execution)));
      expect(results.filter((_, i) => i !== 20)).toEqual(ids.filter((id) => id !== '20'));
      expect(results[20]).toMatchObject({ kind: 'failed', error: { code: 'handler_exited' } });
      expect(executions.map((execution) => single.endsOf(execution).length)).toEqual(ids.map(() => 1));
      expect(single.lines(`ran-${does}`)).toEqual(ids);
    },
  );
});

describe('what a handler leaves behind', () => {
  test.each([
    ['throw late', /too late/],
    ['exit late', /process\.exit\(3\) after it had ended/],
  ])('%s: the attempt that runs meanwhile is not hurt; the log names the culprit', async (does, note) => {
    await single.warmUp();
    const [now, log, end] = ['now', 'log', 'end'].map((name) => single.file(`${name}-${does}`)) as [
      string,
      string,
      string,
    ];
    const culprit = single.handle('act', { does, file: now });
    const pid = await single.result(culprit);
    const innocent = single.handle('linger', { log, file: end });
    await eventually(() => single.lines(`log-${does}`), { what: 'the innocent attempt runs' });
    writeFileSync(now, '');
    const isNote = ({ message }: { message: string }) => note.test(message);
    await eventually(() => single.logged.some(isNote), { what: 'the note is logged' });
    writeFileSync(end, '');
    expect(await single.result(innocent)).toBe(pid);
    expect(single.logged.find(isNote)?.facts).toMatchObject({ taskId: culprit.taskId });
    // What it has done to its process nobody knows: the next attempt gets another one.
    expect(await single.result(single.handle('act', { does: 'pid' }))).not.toBe(pid);
  });
});

describe('a handler that blocks', () => {
  test('those behind it in its inbox run elsewhere, once', async () => {
    await harness.warmUp();
    const file = harness.file('go-on');
    const log = harness.file('ran-behind');
    const ids = Array.from({ length: 20 }, (_, i) => `${i}`);
    const blocker = harness.handle('act', { does: 'block', file });
    const behind = ids.map((id) => harness.handle('act', { id, log }));
    const results = await Promise.all(behind.map((execution) => harness.result(execution)));
    expect(results).toEqual(ids);
    expect(harness.endsOf(blocker)).toEqual([]);
    writeFileSync(file, '');
    expect(await harness.result(blocker)).toBe('unblocked');
    expect([...harness.lines('ran-behind')].sort()).toEqual([...ids].sort());
  });

  test('what waits behind it can be taken back, and never runs', async () => {
    await single.warmUp();
    const file = single.file('taken-back');
    const log = single.file('ran-taken-back');
    const blocker = single.handle('act', { does: 'block', file, id: 'blocker', log });
    const behind = Array.from({ length: 5 }, (_, i) => single.handle('act', { id: `${i}`, log }));
    await eventually(() => single.lines('ran-taken-back'), { what: 'the blocker runs' });
    expect(new Set(single.pool.takeUnstarted())).toEqual(new Set<Execution>(behind));
    writeFileSync(file, '');
    expect(await single.result(blocker)).toBe('unblocked');
    expect(await single.result(single.handle('act', { id: 'last', log }))).toBe('last');
    expect(single.lines('ran-taken-back')).toEqual(['blocker', 'last']);
    expect(behind.flatMap((execution) => single.endsOf(execution))).toEqual([]);
  });

  test('its process ends when its time is up', async () => {
    const pid = (await single.result(single.handle('act', { does: 'pid' }))) as number;
    const error = await single.error(single.handle('act', { does: 'block' }, { timeoutMs: 100 }));
    expect(error).toEqual({ code: 'timed_out', message: 'it ran longer than its time-out of 100 ms' });
    expect(isAlive(pid)).toBe(false);
  });
});
