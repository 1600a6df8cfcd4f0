import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atTestEnd } from './test-end.ts';

/** An empty directory that is removed, with everything in it, at the end of the test file. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'reeve-test-'));
  atTestEnd(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}
