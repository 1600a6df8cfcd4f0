import { codeOf } from '@reeve/base';
import type { Client, Stat } from '@reeve/client';
import { baseName, childPath } from '@reeve/wire';
import { type Context, withClient } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { renderDetails } from '../output/details.ts';
import type { Output } from '../output/output.ts';
import { type Column, renderTable } from '../output/table.ts';
import { count, formatTime } from '../output/words.ts';
import { ownerOf, statDetails } from '../output/znode.ts';
import { toDataText } from '../znodes/data-text.ts';
import { inOrder } from '../znodes/in-order.ts';
import { type Visited, walk } from '../znodes/walk.ts';
import { about, ZnodeError } from '../znodes/znode-error.ts';
import { znodePath } from '../znodes/znode-path.ts';

/** Lists of names and data may be long. */
export const REPLY_BYTES_MAX = 256 * 1024 * 1024;

/** The options of `reeve znode ls`, as commander gives them. */
export interface RawLs {
  readonly long?: true;
}

/** `reeve znode ls`. */
export async function listZnodes(context: Context, text: string, { long }: RawLs): Promise<ExitCode | undefined> {
  const path = znodePath(text);
  const { output, signal } = context;
  await atClient(context, async (client) => {
    const names = (await about(path, client.getChildren(path, { signal }))).toSorted();
    if (long === undefined) {
      for (const name of names) await output.show({ path: childPath(path, name) }, () => name);
      return;
    }
    const rows: Row[] = [];
    const stats = inOrder(names, async (name) => ({
      name,
      stat: await client.exists(childPath(path, name), { signal }),
    }));
    for await (const { name, stat } of stats) {
      if (stat === undefined) continue;
      if (output.format === 'json') await output.json({ path: childPath(path, name), stat });
      else rows.push({ name, stat });
    }
    if (rows.length > 0) await output.line(renderTable(columns(output, Date.now()), rows, output));
  });
  return undefined;
}

interface Row {
  readonly name: string;
  readonly stat: Stat;
}

function columns({ colors }: Output, now: number): readonly Column<Row>[] {
  return [
    { head: 'BYTES', text: ({ stat }) => String(stat.dataLength), align: 'right' },
    { head: 'CHILDREN', text: ({ stat }) => String(stat.numChildren), align: 'right' },
    { head: 'VERSION', text: ({ stat }) => String(stat.version), align: 'right' },
    { head: 'WRITTEN', text: ({ stat }) => formatTime(stat.mtime, now) },
    { head: 'OWNER', text: ({ stat }) => ownerOf(stat) ?? '', paint: () => colors.yellow },
    { head: 'NAME', text: ({ name }) => name },
  ];
}

/** The options of `reeve znode get`, as commander gives them. */
export interface RawGet {
  readonly stat?: true;
}

/** `reeve znode get`: the bytes as they are, or all about them. */
export async function getZnode(
  context: Context,
  text: string,
  { stat: isStat }: RawGet,
): Promise<ExitCode | undefined> {
  const path = znodePath(text);
  const { output, signal } = context;
  await atClient(context, async (client) => {
    const { data, stat } = await about(path, client.getData(path, { signal }));
    if (output.format === 'json') return output.json({ path, ...toDataText(data), stat });
    if (isStat === undefined) return output.bytes(data ?? Buffer.alloc(0));
    const acl = await accessList(client, path, signal);
    return output.line(renderDetails(statDetails(stat, acl, Date.now()), output));
  });
  return undefined;
}

/** Who may read a znode may not always know who else may. */
async function accessList(client: Client, path: string, signal: AbortSignal) {
  try {
    return (await client.getAcl(path, { signal })).acl;
  } catch (error) {
    if (codeOf(error) === 'no_auth') return undefined;
    throw error;
  }
}

/** The options of `reeve znode tree`, as commander gives them. */
export interface RawTree {
  readonly depth?: number;
  readonly limit: number;
}

/** `reeve znode tree`: draws a tree, as far as the limit goes. */
export async function drawTree(
  context: Context,
  text: string,
  { depth, limit }: RawTree,
): Promise<ExitCode | undefined> {
  const root = znodePath(text);
  const { output, signal } = context;
  await atClient(context, async (client) => {
    let drawn = 0;
    for await (const visited of walk(client, { root, depth, read: 'stat' })) {
      if (signal.aborted) return;
      if (drawn === limit) {
        const hint = `There are more than ${count(limit, 'znode')}: see more with --limit, or less with --depth.`;
        return output.note(output.colors.dim(hint));
      }
      drawn += 1;
      await output.show({ path: visited.path, stat: visited.stat }, () => treeLine(visited, root, output));
    }
    if (drawn === 0) throw new ZnodeError({ code: 'no_node', path: root }, `there is no znode ${root}`);
  });
  return undefined;
}

function treeLine({ path, level, lasts, stat, below }: Visited, root: string, { colors }: Output): string {
  const stems = lasts.map((last, at) => {
    if (at < lasts.length - 1) return last === 'last' ? '    ' : '│   ';
    return last === 'last' ? '└── ' : '├── ';
  });
  const facts = [];
  if (stat !== undefined && stat.dataLength > 0) facts.push(count(stat.dataLength, 'byte'));
  if (stat !== undefined && ownerOf(stat) !== undefined) facts.push('ephemeral');
  if (stat !== undefined && below === 'too_deep' && stat.numChildren > 0) facts.push(`${stat.numChildren} below`);
  if (below === 'hidden') facts.push('may not be read');
  const name = level === 0 ? root : baseName(path);
  return `${colors.dim(stems.join(''))}${name}${facts.length === 0 ? '' : `  ${colors.dim(facts.join(', '))}`}`;
}

/** Opens a session for a command about znodes. */
export function atClient<T>(context: Context, work: (client: Client) => Promise<T>): Promise<T> {
  return withClient(context, work, { replyBytesMax: REPLY_BYTES_MAX });
}
