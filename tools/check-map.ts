// Fails when ARCHITECTURE.md names a path in backticks that does not exist.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deadPaths } from './map-paths.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const dead = deadPaths(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'), (path) => existsSync(join(root, path)));
for (const { path, line } of dead) process.stdout.write(`ARCHITECTURE.md:${line}  no such path: ${path}\n`);
process.stdout.write(`map: ${dead.length} dead paths\n`);
process.exitCode = dead.length === 0 ? 0 : 1;
