import { fileURLToPath } from 'node:url';
import { ForeignCases, requireFiles } from './foreign-cases.ts';
import { type Served, ServerUnderTest } from './server-under-test.ts';

const plugin = fileURLToPath(new URL('./kazoo/', import.meta.url));
const packages = '/usr/lib/python3/dist-packages';
const suite = `${packages}/kazoo/tests`;

/**
 * Refuses to go on without kazoo, its tests and what runs them.
 *
 * @throws TestkitError `not_installed`
 */
export function requireKazoo(): void {
  requireFiles('python3-kazoo python3-pytest python3-pytest-timeout', suite, `${packages}/pytest_timeout.py`);
}

/** Runs these of kazoo's own tests, in their order, against a server or an ensemble. */
export function startKazoo(engine: Served, cases: readonly string[]): Promise<ForeignCases> {
  const pytest = ['-m', 'pytest', '-q', '-p', 'kazoo_on_engine', '-p', 'no:cacheprovider', '-c', '/dev/null'];
  const limits = ['--timeout=60', '--timeout-method=signal', `--rootdir=${suite}`];
  const files = [...new Set(cases.map((name) => `${suite}/${name.split('::')[0]}`))];
  const env = {
    PYTHONPATH: plugin,
    PYTHONDONTWRITEBYTECODE: '1',
    KAZOO_ADDRESSES: new ServerUnderTest(engine).address,
    KAZOO_CASES: cases.join('\n'),
  };
  return ForeignCases.start({ argv: ['/usr/bin/python3', ...pytest, ...limits, ...files], env, engine });
}
