import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { startProcess, TestProcess, temporaryDirectory } from '@reeve/testkit';
import { reeve } from './fleet.ts';

const noteLoaded = fileURLToPath(new URL('./fixtures/note-loaded.mjs', import.meta.url));
const fillYoungGeneration = fileURLToPath(new URL('./fixtures/fill-young-generation.mjs', import.meta.url));

/** The folders of packages that a command has loaded when it has only said how it is used. */
async function loadedBy(command: string): Promise<ReadonlySet<string>> {
  const LOADED = join(temporaryDirectory(), 'loaded');
  const env = { LOADED, NODE_OPTIONS: `--import=${noteLoaded}` };
  const child = new TestProcess(reeve(command, '--help'), { env });
  expect(await child.exited).toMatchObject({ code: 0 });
  return new Set(
    [...readFileSync(LOADED, 'utf8').matchAll(/\/(packages\/[^/]+\/[^/]+)\/dist\//g)].map(([, name = '']) => name),
  );
}

describe('a process of Reeve starts small, as it loads no library before it needs one:', () => {
  test.each(['coordinator', 'up', 'master', 'worker', 'demo'])('%s', async (command) => {
    expect([...(await loadedBy(command))]).toEqual(['packages/foundation/base']);
  });
});

test('a coordinator stays small: V8 lets its young generation grow to 16 MiB and no further', async () => {
  const env = { NODE_OPTIONS: `--import=${fillYoungGeneration}` };
  const words = ['coordinator', '--data-dir', temporaryDirectory(), '--port', '0'];
  const coordinator = await startProcess(reeve(...words), { env, ready: /listens on/ });
  coordinator.kill('SIGUSR2');
  const [, bytes] = await coordinator.line(/young generation has (\d+) bytes/);
  expect(Number(bytes)).toBeLessThanOrEqual(16 * 1024 * 1024);
});
