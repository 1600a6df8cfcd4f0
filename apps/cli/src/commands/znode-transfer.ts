import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { messageOf } from '@reeve/base';
import type { Client } from '@reeve/client';
import { ensurePath } from '@reeve/recipes';
import { noSession, openAcl, parentPath } from '@reeve/wire';
import { CliError, interrupted, usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { Output } from '../output/output.ts';
import { count } from '../output/words.ts';
import { aclText } from '../output/znode.ts';
import { type Export, endLine, headLine, readExport, znodeLine } from '../znodes/export-format.ts';
import {
  type ConflictChoice,
  carryOut,
  type ImportAction,
  type ImportOptions,
  type ImportReport,
  type Planned,
  planImport,
} from '../znodes/importing.ts';
import { type Visited, walk } from '../znodes/walk.ts';
import { about, ZnodeError } from '../znodes/znode-error.ts';
import { znodePath } from '../znodes/znode-path.ts';
import { atClient } from './znode-read.ts';

/** The service's own, which no other service wants. */
const ownNames: ReadonlySet<string> = new Set(['zookeeper']);
/** How many conflicts are named. */
const NAMED_MAX = 10;

/** The options of `reeve znode export`, as commander gives them. */
export interface RawExport {
  readonly out?: string;
}

interface Counts {
  written: number;
  ephemerals: number;
  hidden: number;
}

/** `reeve znode export`. */
export async function exportZnodes(context: Context, text: string, { out }: RawExport): Promise<ExitCode | undefined> {
  const root = znodePath(text);
  const { output } = context;
  const counts = await atClient(context, async (client) => {
    if (out === undefined) return exportTo(context, { client, root, line: (line) => output.line(line) });
    return intoFile(out, (file) =>
      exportTo(context, { client, root, line: async (line) => void (await file.write(`${line}\n`)) }),
    );
  });
  const left = [];
  if (counts.ephemerals > 0) left.push(`${count(counts.ephemerals, 'ephemeral znode')} left out`);
  if (counts.hidden > 0) left.push(`${count(counts.hidden, 'znode')} may not be read`);
  const summary = [`${count(counts.written, 'znode')} exported`, ...left].join(', ');
  output.note(counts.hidden > 0 ? output.colors.red(summary) : summary);
  return counts.hidden > 0 ? exitCodes.refused : undefined;
}

interface Exporting {
  readonly client: Client;
  readonly root: string;
  readonly line: (text: string) => Promise<void>;
}

async function exportTo({ signal, output }: Context, { client, root, line }: Exporting): Promise<Counts> {
  const counts: Counts = { written: 0, ephemerals: 0, hidden: 0 };
  const without = root === '/' ? ownNames : new Set<string>();
  let met = 0;
  for await (const visited of walk(client, { root, read: 'everything', without })) {
    // Who reads it may have seen enough.
    if (output.gone.aborted) return counts;
    if (signal.aborted) throw interrupted();
    if (met === 0) await line(headLine({ path: root, exportedAt: new Date().toISOString() }));
    met += 1;
    if (visited.stat !== undefined && visited.stat.ephemeralOwner !== noSession) counts.ephemerals += 1;
    else if (visited.znode === undefined || visited.below === 'hidden') counts.hidden += 1;
    else {
      await line(lineOf(visited, root));
      counts.written += 1;
    }
  }
  if (met === 0) throw new ZnodeError({ code: 'no_node', path: root }, `there is no znode ${root}`);
  await line(endLine(counts.written));
  return counts;
}

function lineOf({ path, znode, acl }: Visited, root: string): string {
  const below = root === '/' ? (path === '/' ? '' : path) : path.slice(root.length);
  const own = acl === undefined || aclText(acl) === aclText(openAcl) ? undefined : acl;
  return znodeLine({ path: below, data: znode?.data ?? null, acl: own });
}

/** Writes a file that is there as a whole, or not at all. */
async function intoFile<T>(name: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const part = `${name}.part`;
  const file = await open(part, 'w').catch((error) => {
    throw usageError(`cannot write ${name}: ${messageOf(error)}`);
  });
  try {
    const made = await work(file);
    await file.sync();
    await file.close();
    await rename(part, name);
    return made;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(part, { force: true });
    throw error;
  }
}

/** The options of `reeve znode import`, as commander gives them. */
export interface RawImport {
  readonly into?: string;
  readonly conflicts: ConflictChoice;
  readonly dryRun?: true;
}

/** `reeve znode import`. */
export async function importZnodes(context: Context, file: string, raw: RawImport): Promise<ExitCode | undefined> {
  const { output, signal } = context;
  const into = raw.into === undefined ? undefined : znodePath(raw.into);
  const exported = await readFileOf(file, signal);
  const root = into ?? znodePath(exported.path);
  return atClient(context, async (client) => {
    const options: ImportOptions = { client, root, conflicts: raw.conflicts, signal };
    const plan = await planOf(options, exported, root);
    if (raw.dryRun) return showPlan(output, plan);
    refuseConflicts(plan, raw.conflicts);
    if (root !== '/' && parentPath(root) !== '/') await about(root, ensurePath(client, parentPath(root)));
    const report = await carryOut(options, plan);
    await output.show({ path: root, ...report }, () => `${root}  ${reportText(report)}`);
    for (const { path, code } of report.failed) output.note(output.colors.red(`${path} was not imported: ${code}`));
    if (signal.aborted) throw interrupted();
    return report.failed.length > 0 ? exitCodes.refused : undefined;
  });
}

async function readFileOf(file: string, signal: AbortSignal): Promise<Export> {
  const source = file === '-' ? 'standard input' : file;
  try {
    const input = file === '-' ? process.stdin : createReadStream(file);
    return await readExport(createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY, signal }), source);
  } catch (error) {
    // Called off, it looks cut off.
    if (signal.aborted) throw interrupted();
    if (error instanceof CliError) throw error;
    throw usageError(`cannot read ${source}: ${messageOf(error)}`);
  }
}

async function planOf(options: ImportOptions, { znodes }: Export, root: string): Promise<readonly Planned[]> {
  const plan: Planned[] = [];
  try {
    for await (const planned of planImport(options, znodes)) plan.push(planned);
  } catch (error) {
    throw options.signal.aborted ? interrupted() : await about(root, Promise.reject(error)).catch((told) => told);
  }
  return plan;
}

function refuseConflicts(plan: readonly Planned[], conflicts: ConflictChoice): void {
  const met = plan.filter(({ action }) => action === 'conflict').map(({ path }) => path);
  if (conflicts !== 'refuse' || met.length === 0) return;
  const named = met.slice(0, NAMED_MAX).join(', ');
  const more = met.length > NAMED_MAX ? ` and ${met.length - NAMED_MAX} more` : '';
  const advice =
    'Nothing was written. Choose with --conflicts overwrite or --conflicts skip, or import elsewhere with --into.';
  const facts = { code: 'different', exitCode: exitCodes.refused, advice } as const;
  throw new CliError(facts, `there already, and different: ${named}${more}`);
}

async function showPlan(output: Output, plan: readonly Planned[]): Promise<undefined> {
  for (const { path, action } of plan) {
    if (output.format === 'json') await output.json({ path, action });
    else if (action !== 'unchanged') await output.line(`${action.padEnd(9)}  ${path}`);
  }
  const of = (action: ImportAction) => plan.filter((planned) => planned.action === action).length;
  const parts = [`${of('create')} to create`, `${of('overwrite')} to overwrite`, `${of('unchanged')} unchanged`];
  output.note(`${[...parts, count(of('conflict'), 'conflict')].join(', ')}; nothing was written`);
}

function reportText({ created, overwritten, unchanged, skipped, failed }: ImportReport): string {
  const parts = [`${created} created`, `${overwritten} overwritten`, `${unchanged} unchanged`];
  if (skipped > 0) parts.push(`${skipped} skipped`);
  if (failed.length > 0) parts.push(`${failed.length} failed`);
  return parts.join(', ');
}
