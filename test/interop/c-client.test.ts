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
    const commands = ['create /c', 'set /c data', 'get /c', 'create +e /c/e', 'create +s /c/s', 'ls /c', 'wexists /c'];
    const more = ['addauth digest ann:pw', 'sync /c', 'get /none', 'set /c more', 'delete /c/e', 'exists /c/e', 'quit'];
    const input = `${[...commands, ...more].join('\n')}\n`;
    const shell = await startProcess([shellInC, engine.address], { input });
    expect(await shell.exited).toEqual({ code: 0, signal: null });
    const said = shell.stdout + shell.stderr;
    const parts = [
      '[/c]: rc = 0',
      ' value_len = 4\ndata\n',
      '\ts0000000001\n',
      '/none: rc = -101',
      'Error -101 for /c/e',
    ];
    for (const part of parts) expect(said).toContain(part);
    expect(said).toMatch(/Watcher CHANGED_EVENT state = CONNECTED_STATE for path \/c$/m);
  });
});
