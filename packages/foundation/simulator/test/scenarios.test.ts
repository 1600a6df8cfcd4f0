import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { variants } from '@reeve/simulator';
import { playScenario, scenariosIn } from '@reeve/testkit';
import { Script } from './script.ts';

const directory = join(import.meta.dirname, 'scenarios');
const scenarios = scenariosIn(directory);

/** Which scenario must go wrong for members that make the mistake which it is about. */
const mistakes: readonly (readonly [scenario: string, variant: string])[] = [
  ['zookeeper-4785-no-word-before-the-log-is-on-disk', 'epoch-before-log'],
  ['zookeeper-4785-no-word-before-the-log-is-on-disk', 'acknowledges-before-fsync'],
  ['zookeeper-3911-a-diff-is-on-disk-before-it-counts', 'loses-synced-entries'],
  ['zookeeper-3911-a-diff-is-on-disk-before-it-counts', 'forgets-epochs'],
  ['zookeeper-4394-proposals-and-commits-overlap-a-synchronisation', 'establishes-alone'],
  ['zookeeper-3642-a-snapshot-that-is-not-on-disk-is-not-a-history', 'keeps-snapshots-in-memory'],
  ['zookeeper-2846-a-log-behind-a-snapshot-has-no-gap', 'keeps-snapshots-in-memory'],
  ['zookeeper-2845-what-was-never-agreed-does-not-stay', 'skips-truncation'],
];

describe('an ensemble does not have the bug', () => {
  test.each(scenarios)('%s', async (_title, path) => {
    const script = new Script();
    const { expected, actual } = await playScenario(path, (command) => script.perform(command));
    expect(actual).toBe(expected);
  });

  test.each(mistakes)('%s, but would have it if a member %s', async (scenario, variant) => {
    // What comes out here is never to be written into the file.
    if (process.env.REWRITE === '1') return;
    const script = new Script(variants.get(variant)?.());
    const path = join(directory, `${scenario}.txt`);
    const { expected, actual } = await playScenario(path, (command) => script.perform(command));
    expect(actual).not.toBe(expected);
  });
});
