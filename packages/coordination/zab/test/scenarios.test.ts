import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { playScenario, scenariosIn } from '@reeve/testkit';
import { Stage } from './stage.ts';

describe('agreement', () => {
  test.each(scenariosIn(join(import.meta.dirname, 'testdata')))('behaves as written down: %s', async (_title, path) => {
    const stage = new Stage();
    const { expected, actual } = await playScenario(path, (command) => stage.perform(command));
    expect(actual).toBe(expected);
  });
});
