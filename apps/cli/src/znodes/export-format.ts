import type { Acl } from '@reeve/client';
import { z } from 'zod';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseAcl } from '../input/access-list.ts';
import { permsText } from '../output/znode.ts';
import { type DataText, fromDataText, toDataText } from './data-text.ts';

/** The form of the files that are written now. */
const VERSION = 1;

/** One znode of an export. */
export interface ExportedZnode {
  /** Below the root of the export; empty for the root itself. */
  readonly path: string;
  readonly data: Buffer | null;
  /** Nothing: everybody may do everything. */
  readonly acl: readonly Acl[] | undefined;
}

/** What an export begins with. */
export interface ExportHead {
  /** The root of the export. */
  readonly path: string;
  /** ISO 8601. */
  readonly exportedAt: string;
}

const head = z.object({
  kind: z.literal('reeve-znodes'),
  version: z.literal(VERSION),
  path: z.string().startsWith('/'),
  exportedAt: z.string(),
});

const data = z.union([z.object({ data: z.string().nullable() }), z.object({ base64: z.base64() })]);
const znode = z.object({ path: z.string().regex(/^$|^\/[^/]/), acl: z.array(z.string()).min(1).optional() }).and(data);
const end = z.object({ kind: z.literal('end'), znodes: z.int().min(0) });

/** The first line of an export. */
export function headLine({ path, exportedAt }: ExportHead): string {
  return JSON.stringify({ kind: 'reeve-znodes', version: VERSION, path, exportedAt });
}

/** The line of one znode. */
export function znodeLine({ path, data, acl }: ExportedZnode): string {
  const list = acl?.map(({ perms, id }) => `${id.scheme}:${id.id}:${permsText(perms)}`);
  return JSON.stringify({ path, ...toDataText(data), ...(list !== undefined && { acl: list }) });
}

/** The last line: without it, an export is not whole. */
export function endLine(znodes: number): string {
  return JSON.stringify({ kind: 'end', znodes });
}

/** A file of znodes, read as a whole. */
export interface Export extends ExportHead {
  /** Parents before their children. */
  readonly znodes: readonly ExportedZnode[];
}

/** Reads what `reeve znode export` has written. @throws CliError `input_invalid` that names the line */
export async function readExport(lines: AsyncIterable<string>, source: string): Promise<Export> {
  const znodes: ExportedZnode[] = [];
  let first: ExportHead | undefined;
  let last: { readonly znodes: number } | undefined;
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === '') continue;
    const at = `${source}, line ${number}`;
    if (last !== undefined) throw invalid(`${at}: there is something behind the end`);
    const value = parsed(text, at);
    if (first === undefined) first = headOf(value, source);
    else if (isEnd(value)) last = checked(end, value, at);
    else znodes.push(znodeOf(value, at));
  }
  if (first === undefined) throw invalid(`${source} is empty`);
  if (last === undefined) throw invalid(`${source} is cut off: its last line is missing`);
  if (last.znodes !== znodes.length) throw invalid(`${source} has ${znodes.length} of its ${last.znodes} znodes`);
  return { ...first, znodes };
}

function headOf(value: unknown, source: string): ExportHead {
  const result = head.safeParse(value);
  if (result.success) return result.data;
  throw invalid(`${source} is no export of znodes, or one of another version of reeve`);
}

function znodeOf(value: unknown, at: string): ExportedZnode {
  const { path, acl, ...rest } = checked(znode, value, at);
  return { path, data: fromDataText(rest as DataText), acl: acl?.map(parseAcl) };
}

function isEnd(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

function parsed(text: string, at: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid(`${at} is not JSON`);
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, at: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : ` ${issue.path.join('.')}:`;
  throw invalid(`${at}:${where} ${issue?.message}`);
}

function invalid(message: string): CliError {
  const advice = 'It must be a whole file that "reeve znode export" has written.';
  return new CliError({ code: 'input_invalid', exitCode: exitCodes.usage, advice }, message);
}
