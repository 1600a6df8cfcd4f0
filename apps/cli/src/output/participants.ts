import type { Participant } from '@reeve/recipes';
import type { Output } from './output.ts';
import { type Column, renderTable } from './table.ts';
import { ago } from './words.ts';

/** Someone in a line, as `--who` shows it to programs. */
interface Shown {
  readonly role: 'holds' | 'waits';
  readonly access?: 'read' | 'write';
  readonly host?: string;
  readonly pid?: number;
  /** What the znode says, where it is not in our words. */
  readonly says?: string;
  readonly since: number;
  readonly fence: number;
  readonly znode: string;
}

/** Lists who holds something and who waits for it. */
export async function showParticipants(
  output: Output,
  all: readonly (Participant & { readonly access?: 'read' | 'write' })[],
): Promise<void> {
  const rows = all.map((one): Shown => {
    const { role, since, fence, path: znode, access } = one;
    return { role, ...(access !== undefined && { access }), ...descriptionIn(one.data), since, fence, znode };
  });
  if (output.format === 'json') for (const row of rows) await output.json(row);
  else if (rows.length > 0) await output.line(renderTable(columns(output, Date.now()), rows, output));
  else output.note('nobody holds it, and nobody waits for it');
}

/** Whoever it is, in a few words: `web-1, process 4711`. */
export function describeParticipant({ data }: Participant): string {
  const { host, pid, says } = descriptionIn(data);
  if (host !== undefined) return pid === undefined ? host : `${host}, process ${pid}`;
  return says === undefined ? 'somebody who does not say who it is' : JSON.stringify(says);
}

function columns({ colors }: Output, now: number): readonly Column<Shown>[] {
  return [
    { head: 'ROLE', text: ({ role }) => role, paint: ({ role }) => (role === 'holds' ? colors.green : colors.dim) },
    { head: 'ACCESS', text: ({ access }) => access ?? '' },
    { head: 'HOST', text: ({ host, says }) => host ?? says ?? '?', widthMax: 40 },
    { head: 'PID', text: ({ pid }) => String(pid ?? ''), align: 'right' },
    { head: 'IN LINE', text: ({ since }) => ago(since, now), align: 'right' },
    { head: 'FENCE', text: ({ fence }) => String(fence), align: 'right' },
    { head: 'ZNODE', text: ({ znode }) => znode.slice(znode.lastIndexOf('/') + 1) },
  ];
}

/** What a znode says of its owner: our own words, or those of another library. */
function descriptionIn(data: Buffer): Pick<Shown, 'host' | 'pid' | 'says'> {
  const text = data.toString();
  try {
    const { host, pid } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof host === 'string') return { host, ...(typeof pid === 'number' && { pid }) };
  } catch {
    // Not JSON: another library's.
  }
  return text === '' ? {} : { says: text };
}
