import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { TestProcess, temporaryDirectory } from '@reeve/testkit';
import { reeve } from './fleet.ts';

const noteLoaded = fileURLToPath(new URL('./fixtures/note-loaded.mjs', import.meta.url));

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
