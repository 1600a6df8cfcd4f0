import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  engineKinds,
  startApacheEnsemble,
  startProcess,
  startReeveCoordinator,
  startReeveEnsemble,
  temporaryDirectory,
} from '@reeve/testkit';
import { CASE_DEADLINE_MS, ForeignCases, requireFiles } from './foreign-cases.ts';
import { type Served, ServerUnderTest } from './server-under-test.ts';

const shellInC = '/usr/lib/zookeeper/bin/cli_mt';

requireFiles(
  'gcc libc6-dev libzookeeper-mt-dev zookeeper-bin',
  '/usr/bin/gcc',
  '/usr/include/zookeeper/zookeeper.h',
  shellInC,
);

const source = fileURLToPath(new URL('./c/cases.c', import.meta.url));
const table = readFileSync(source, 'utf8').split('} cases[] = {')[1] ?? '';
const named = [...table.matchAll(/\{"([^"]+)", \w+, (\w+)\}/g)].map(([, name = '', place]) => ({ name, place }));
const all = named.map(({ name }) => name);
const ofOneServer = named.flatMap(({ name, place }) => (place === 'ALL_OF_SEVERAL' ? [] : [name]));

/** What the cases are run against, and which of them. */
interface Subject {
  readonly name: string;
  readonly names: readonly string[];
  start(): Promise<Served>;
}

const subjects: readonly Subject[] = [
  ...engineKinds.map(({ name, start }) => ({ name, names: ofOneServer, start })),
  { name: 'an ensemble of Apache ZooKeepers', names: all, start: startApacheEnsemble },
  { name: 'an ensemble of Reeve', names: all, start: startReeveEnsemble },
];

describe("ZooKeeper's C client", () => {
  const running = new Map<Subject, ForeignCases>();

  beforeAll(async () => {
    const program = join(temporaryDirectory(), 'cases');
    const gcc = await startProcess(['gcc', '-DTHREADED', '-o', program, source, '-lzookeeper_mt', '-lpthread']);
    expect({ ...(await gcc.exited), said: gcc.stderr }).toMatchObject({ code: 0 });
    const starting = subjects.map(async (subject) => {
      const engine = await subject.start();
      const argv = [program, new ServerUnderTest(engine).address];
      running.set(subject, await ForeignCases.start({ argv, engine }));
    });
    await Promise.all(starting);
  }, CASE_DEADLINE_MS);

  describe.each(subjects)('with $name:', (subject) => {
    test.each(subject.names)(
      '%s',
      async (name) => expect(await running.get(subject)?.outcome(name)).toBe('passed'),
      CASE_DEADLINE_MS,
    );
  });
});

describe("ZooKeeper's shell in C (cli_mt), with Reeve as the server:", () => {
  test('it does what is typed', async () => {
    const engine = await startReeveCoordinator();
    // Its two threads write between each other's words: the next line is typed when the last one was answered.
    const typed = [
      ['create /c', /^\[\/c\]: rc = 0$/m],
      ['set /c data', /^\tversion=1\t/m],
      ['get /c', /^ value_len = 4\ndata$/m],
      ['create +e /c/e', /^\[\/c\/e\]: rc = 0$/m],
      ['create +s /c/s', /name = \/c\/s0000000001$/m],
      ['ls /c', /^\ts0000000001$/m],
      ['wexists /c\naddauth digest ann:pw\nsync /c\nget /none', /^\/none: rc = -101$/m],
      ['set /c more', /^Watcher CHANGED_EVENT state = CONNECTED_STATE for path \/c$/m],
      ['delete /c/e', /^\/c\/e: rc = 0$/m],
      ['exists /c/e', /^Error -101 for \/c\/e$/m],
    ] as const;
    const shell = await startProcess([shellInC, engine.address], { answer: () => undefined });
    for (const [line, answer] of typed) {
      shell.write(line);
      await shell.line(answer);
    }
    shell.write('quit');
    expect(await shell.exited).toEqual({ code: 0, signal: null });
  });
});
