import { messageOf } from '@reeve/base';
import { decodeWorker, Layout, type WorkerRecord } from '@reeve/tasks';
import { baseName } from '@reeve/wire';
import { type Context, openClient } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { Output } from '../output/output.ts';
import { count } from '../output/words.ts';
import { type Change, Changes } from '../znodes/changes.ts';

/** `reeve workers --watch`: who is there, and who comes, changes and goes, until Ctrl-C. */
export async function watchWorkers(context: Context): Promise<ExitCode> {
  const { output, signal, settings } = context;
  const root = new Layout(settings.root).workers;
  const changes = new Changes({ root, depth: 1, data: 'kept', open: () => openClient(context), signal });
  for await (const change of changes.read()) {
    if (!('path' in change)) await tellCourse(output, change);
    else if (change.path !== root) await tellWorker(output, change);
  }
  return output.gone.aborted ? exitCodes.ok : exitCodes.interrupted;
}

type OfZnode = Extract<Change, { readonly path: string }>;

async function tellCourse(output: Output, change: Exclude<Change, OfZnode>): Promise<void> {
  if (output.format === 'json') return output.json({ kind: change.kind, at: Date.now() });
  const following = 'These are all for now; changes follow. Ctrl-C ends it.';
  output.note(output.colors.dim(change.kind === 'ready' ? following : 'No coordinator is in touch; waiting.'));
}

const kinds = { created: 'joined', changed: 'changed', deleted: 'left' } as const;

async function tellWorker(output: Output, change: OfZnode): Promise<void> {
  const at = Date.now();
  const kind = kinds[change.kind];
  const workerId = baseName(change.path);
  const says = 'znode' in change && change.znode !== undefined ? recordIn(change.znode.data) : {};
  await output.show({ kind, workerId, at, ...says }, () => {
    const { green, yellow, red } = output.colors;
    const paint = { joined: green, changed: yellow, left: red }[kind];
    const facts = 'record' in says ? `  ${factsOf(says.record)}` : (says.problem ?? '');
    return `${new Date(at).toTimeString().slice(0, 8)}  ${paint(kind.padEnd(7))}  ${workerId}${facts}`;
  });
}

type Says = { readonly record: WorkerRecord } | { readonly problem?: string };

function recordIn(data: Buffer | null): Says {
  try {
    return { record: decodeWorker(data) };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function factsOf({ host, pid, slots, phase, queues }: WorkerRecord): string {
  return `${phase}, ${count(slots, 'slot')}, queues ${queues.join(', ')}; pid ${pid} on ${host}`;
}
