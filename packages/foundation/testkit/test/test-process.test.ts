import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { eventually, startProcess } from '@reeve/testkit';

const node = process.execPath;

test('a process is ready when it has written the line that says so', async () => {
  const ready = /listening on (\d+)/;
  const started = await startProcess([node, '-e', 'console.log("listening on 7"); setInterval(() => {}, 1000)'], {
    ready,
  });
  expect((await started.line(ready))[1]).toBe('7');
  expect(started.running).toBe(true);
  await started.stop();
  expect(started.running).toBe(false);
});

test('a process that ends before it is ready fails at once and shows what it wrote', async () => {
  const starting = startProcess([node, '-e', 'console.error("no disk"); process.exit(3)'], { ready: /never/ });
  await expect(starting).rejects.toMatchObject({ code: 'process_failed', message: expect.stringContaining('no disk') });
});

test('a process that asks is answered, line by line', async () => {
  const script = `require('node:readline').createInterface({ input: process.stdin })
    .on('line', (line) => { console.log('heard ' + line); process.exit(); });
    console.log('how much?');`;
  const answer = (line: string) => (line === 'how much?' ? '42' : undefined);
  await (await startProcess([node, '-e', script], { answer })).line(/heard 42/);
});

test('a program that is not there is a failed process', async () => {
  const missing = await startProcess(['/does/not/exist']);
  expect(await missing.exited).toEqual({ code: 127, signal: null });
});

test('killing a process kills the children it started', async () => {
  const script = `
    const { spawn } = require('node:child_process');
    spawn(process.execPath, ['-e', 'console.log("child"); setInterval(() => {}, 1000)'], { stdio: 'inherit' });
    setInterval(() => {}, 1000);`;
  const parent = await startProcess([node, '-e', script]);
  await parent.line(/child/);
  parent.kill('SIGKILL');
  // Its output is complete only when the child, which holds the same pipe, is gone as well.
  expect((await parent.exited).signal).toBe('SIGKILL');
});

test('a process does not outlive a test that is killed', async () => {
  const testkit = new URL('../dist/index.js', import.meta.url).href;
  const script = `
    import { startProcess } from '${testkit}';
    const other = await startProcess(['true'], {});
    await other.exited;
    const child = await startProcess([process.execPath, '-e', 'setInterval(() => {}, 1000)']);
    console.log('child ' + child.pid);`;
  const killed = await startProcess([node, '--input-type=module', '-e', script]);
  const [, child] = await killed.line(/child (\d+)/);
  killed.kill('SIGKILL');
  await eventually(() => stateOf(Number(child)) === 'gone', { what: 'the child is killed as well' });
});

/** A killed process whose parent is gone may stay a zombie. */
function stateOf(pid: number): 'gone' | 'alive' {
  const status = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return status === '' || status.startsWith('Z') ? 'gone' : 'alive';
}
