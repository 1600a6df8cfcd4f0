// Counts what STYLE.md promises. Usage: check-style [--report] [--shrink]
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { undocumentedExports } from './style-exports.ts';
import { type Baseline, judge } from './style-ratchet.ts';
import { checkFile, type FileMetrics, type SourceFile, type Violation } from './style-rules.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const baselinePath = join(root, 'tools/style-baseline.json');

type Room = { readonly dir: string; readonly kind: SourceFile['kind']; readonly src: string };

/** Every package and app, and this folder; a package is core when its tsconfig extends the core one. */
function rooms(): Room[] {
  const parents = ['packages/foundation', 'packages/coordination', 'packages/scheduling', 'apps'];
  const dirs = parents.filter((parent) => existsSync(join(root, parent))).flatMap((parent) => subfolders(parent));
  return [...dirs.map(room), { dir: 'tools', kind: 'shell', src: 'tools' }];
}

function subfolders(parent: string): string[] {
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, parent, entry.name, 'tsconfig.json')))
    .map((entry) => `${parent}/${entry.name}`);
}

function room(dir: string): Room {
  const config = JSON.parse(readFileSync(join(root, dir, 'tsconfig.json'), 'utf8')) as { extends: string };
  return { dir, kind: config.extends.endsWith('tsconfig.core.json') ? 'core' : 'shell', src: `${dir}/src` };
}

function sources(room: Room): SourceFile[] {
  const nested = room.dir !== 'tools';
  if (!existsSync(join(root, room.src))) return [];
  return readdirSync(join(root, room.src), { recursive: nested, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .sort()
    .map((name) => `${room.src}/${name.replaceAll('\\', '/')}`)
    .map((path) => ({ path, kind: room.kind, text: readFileSync(join(root, path), 'utf8') }));
}

function read(path: string): string | undefined {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
}

type RoomResult = { readonly room: Room; readonly violations: Violation[]; readonly metrics: FileMetrics[] };

function checkRoom(room: Room): RoomResult {
  const checked = sources(room).map(checkFile);
  const violations = checked.flatMap((file) => file.violations);
  if (room.dir.startsWith('packages/')) violations.push(...undocumentedExports(`${room.src}/index.ts`, read));
  return { room, violations, metrics: checked.map((file) => file.metrics) };
}

function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return `${at(0.5)} / ${at(0.9)} / ${sorted.at(-1) ?? 0}`.padStart(16);
}

function report(results: readonly RoomResult[]): string {
  const row = (name: string, metrics: readonly FileMetrics[]) => {
    const files = spread(metrics.map((file) => file.lines));
    const functions = metrics.flatMap((file) => file.functionLines);
    const counts = `${String(metrics.length).padStart(6)}${String(functions.length).padStart(7)}`;
    return `${name.padEnd(34)}${counts}${files}${spread(functions)}\n`;
  };
  const head = `${''.padEnd(34)} files    fns  file p50/90/max    fn p50/90/max\n`;
  const all = results.flatMap((result) => result.metrics);
  return head + results.map(({ room, metrics }) => row(room.dir, metrics)).join('') + row('total', all);
}

function main(flags: readonly string[]): number {
  const results = rooms().map(checkRoom);
  const baseline = JSON.parse(readFileSync(baselinePath, 'utf8')) as Baseline;
  const { fresh, stale, shrunk } = judge(
    results.flatMap((result) => result.violations),
    baseline,
  );
  if (flags.includes('--report')) process.stdout.write(report(results));
  if (flags.includes('--shrink')) writeFileSync(baselinePath, `${JSON.stringify(shrunk, null, 2)}\n`);
  for (const { rule, key, line, message } of fresh) {
    process.stdout.write(`${key.split('#')[0]}:${line}  ${rule}  ${message}\n`);
  }
  const slack = flags.includes('--shrink') ? [] : stale;
  for (const entry of slack)
    process.stdout.write(`style-baseline.json  no longer needs: ${entry} (run with --shrink)\n`);
  process.stdout.write(`style: ${fresh.length} broken, ${slack.length} excuses to remove\n`);
  return fresh.length + slack.length === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
