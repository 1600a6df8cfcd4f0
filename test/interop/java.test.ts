import { beforeAll, describe, expect, test } from '@jest/globals';
import { type EngineKind, engineKinds } from '@reeve/testkit';
import { CASE_DEADLINE_MS, type ForeignCases } from './foreign-cases.ts';
import { casesOf, compileCases, requireJava, startChapter } from './java.ts';

requireJava();

const chapters = ['calm', 'faults'] as const;

describe("ZooKeeper's and Curator's Java clients", () => {
  /** By engine and chapter: all run at the same time, because most of them wait. */
  const running = new Map<string, ForeignCases>();

  beforeAll(async () => {
    const classes = await compileCases();
    const start = async ({ name, start }: EngineKind, chapter: (typeof chapters)[number]) => {
      running.set(`${name} ${chapter}`, await startChapter({ chapter, classes, engine: await start() }));
    };
    await Promise.all(engineKinds.flatMap((kind) => chapters.map((chapter) => start(kind, chapter))));
  }, CASE_DEADLINE_MS);

  describe.each(engineKinds)('with $name:', ({ name }) => {
    test.each(chapters.flatMap((chapter) => casesOf(chapter).map((title) => ({ chapter, title }))))(
      '$title',
      async ({ chapter, title }) => expect(await running.get(`${name} ${chapter}`)?.outcome(title)).toBe('passed'),
      CASE_DEADLINE_MS,
    );
  });
});
