// Adds up what the steps of .ci/run left behind. A step that failed without a failed test counts as one failure.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const out = process.argv[2] ?? '.ci/out';
const steps = readFileSync(join(out, 'steps'), 'utf8').trim().split('\n');
/** These run jest, and a run without results is no success. */
const suites = ['test', 'interop'];
let passed = 0;
let failed = 0;

for (const step of steps) {
  const [name = '', code] = step.split(' ');
  const file = join(out, `${name}.json`);
  let broken = 0;
  let detail = '';
  if (existsSync(file)) {
    const result = JSON.parse(readFileSync(file, 'utf8'));
    passed += result.numPassedTests;
    broken = result.numFailedTests + result.numRuntimeErrorTestSuites;
    detail = `, ${result.numPassedTests} passed, ${broken} failed, ${result.numPendingTests} skipped`;
  }
  if (broken === 0 && (code !== '0' || (suites.includes(name) && detail === ''))) broken = 1;
  failed += broken;
  console.log(`${name}: ${code === '0' ? 'ok' : `exit code ${code}`}${detail}`);
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
