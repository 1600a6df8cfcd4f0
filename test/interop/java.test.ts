import { beforeAll, describe, expect, test } from '@jest/globals';
import { engineKinds, startApacheEnsemble, startReeveEnsemble } from '@reeve/testkit';
import { CASE_DEADLINE_MS, type ForeignCases } from './foreign-cases.ts';
import { type Chapter, casesOf, compileCases, requireJava, startChapter } from './java.ts';
import type { Served } from './server-under-test.ts';

requireJava();

/** What the cases are run against, and which chapters: each chapter has one of its own. */
interface Subject {
  readonly name: string;
  readonly chapters: readonly Chapter[];
  start(): Promise<Served>;
}

/** Where servers are restarted: a session may outlast that, however slow the machine is. */
const lasting = ['maxSessionTimeout=60000'];

const servers = engineKinds.flatMap(({ name, start }): readonly Subject[] => [
  { name, chapters: ['calm'], start },
  { name, chapters: ['faults'], start: () => start({ config: lasting }) },
]);

const config = ['reconfigEnabled=true', ...lasting];
const ensembles: readonly Subject[] = [
  { name: 'an ensemble of Apache ZooKeepers', chapters: ['ensemble'], start: () => startApacheEnsemble({ config }) },
  { name: 'an ensemble of Reeve', chapters: ['ensemble'], start: () => startReeveEnsemble({ config }) },
  { name: 'an ensemble of Reeve', chapters: ['calm'], start: () => startReeveEnsemble({ observers: 1 }) },
];

describe("ZooKeeper's and Curator's Java clients", () => {
  let classes: string;

  beforeAll(async () => {
    classes = await compileCases();
  }, CASE_DEADLINE_MS);

  describe.each([[servers], [ensembles]])('with', (subjects) => {
    const runs = subjects.flatMap((subject) => subject.chapters.map((chapter) => ({ ...subject, chapter })));
    const running = new Map<(typeof runs)[number], ForeignCases>();

    // All at the same time, because most of them wait.
    beforeAll(async () => {
      const starting = runs.map(async (run) => {
        running.set(run, await startChapter({ chapter: run.chapter, classes, engine: await run.start() }));
      });
      await Promise.all(starting);
    }, CASE_DEADLINE_MS);

    describe.each(runs)('$name:', (run) => {
      test.each(casesOf(run.chapter))(
        '%s',
        async (title) => expect(await running.get(run)?.outcome(title)).toBe('passed'),
        CASE_DEADLINE_MS,
      );
    });
  });
});
