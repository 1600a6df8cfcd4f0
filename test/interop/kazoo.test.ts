import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { startReeveCoordinator, startReeveEnsemble } from '@reeve/testkit';
import { CASE_DEADLINE_MS, type ForeignCases } from './foreign-cases.ts';
import { requireKazoo, startKazoo } from './kazoo.ts';
import type { Served } from './server-under-test.ts';

requireKazoo();

/** Most of the suite waits, and so some of it can run at the same time. */
const PROCESSES = 5;
const settings = { tickMs: 2_000, config: ['reconfigEnabled=true'] };

/** All that talk to one server, but for those of SASL. */
const cases = readFileSync(new URL('./kazoo/cases.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n');

/** What stops servers in the middle of the others' tests. */
const stopping = cases.filter((name) => name.includes('::test_request_queuing_'));
const calm = cases.filter((name) => !stopping.includes(name));
const reconfigurations = ['no_super_auth', 'add_remove_observer', 'bad_input'].map(
  (name) => `test_client.py::TestReconfig::test_${name}`,
);
const severalServers = [
  'test_client.py::TestClient::test_update_host_list',
  'test_connection.py::TestReadOnlyMode::test_read_only',
];

/** Who runs which test. */
type Running = Map<string, ForeignCases>;

async function run(running: Running, engine: Promise<Served>, names: readonly string[]): Promise<void> {
  const program = await startKazoo(await engine, names);
  for (const name of names) running.set(name, program);
}

/** Every so many'th of the names: one share for each process. */
function shares(names: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: PROCESSES }, (_, n) => names.filter((_, i) => i % PROCESSES === n));
}

/** One server for each process, because some tests stop it. */
async function onCoordinators(running: Running): Promise<void> {
  await Promise.all(shares(cases).map((share) => run(running, startReeveCoordinator(settings), share)));
}

/** One ensemble for all that let it alone, and one whose members are stopped. */
async function onEnsembles(running: Running): Promise<void> {
  const readOnly = ['readonlymode.enabled=true', 'localSessionsEnabled=true', 'localSessionsUpgradingEnabled=true'];
  const shaken = startReeveEnsemble({ ...settings, config: [...settings.config, ...readOnly] });
  const quiet = startReeveEnsemble({ ...settings, observers: 1 });
  const undisturbed = shares([...reconfigurations, ...calm]).map((share) => run(running, quiet, share));
  await Promise.all([run(running, shaken, [...severalServers, ...stopping]), ...undisturbed]);
}

describe.each([
  ['a coordinator', cases, onCoordinators],
  ['an ensemble', [...severalServers, ...reconfigurations, ...cases], onEnsembles],
] as const)("kazoo's own tests pass with %s of Reeve as the server:", (_, names, start) => {
  const running: Running = new Map();

  beforeAll(() => start(running), CASE_DEADLINE_MS);

  test.each(names)(
    '%s',
    async (name) => expect(await running.get(name)?.outcome(name)).toBe('passed'),
    CASE_DEADLINE_MS,
  );
});
