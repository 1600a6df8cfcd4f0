import { usageError } from '../cli-error.ts';
import { type Context, openClient } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { Output } from '../output/output.ts';
import { count } from '../output/words.ts';
import { type Change, Changes } from '../znodes/changes.ts';
import { dataLine, toDataText } from '../znodes/data-text.ts';
import { about } from '../znodes/znode-error.ts';
import { znodePath } from '../znodes/znode-path.ts';
import { REPLY_BYTES_MAX } from './znode-read.ts';

/** The options of `reeve znode watch`, as commander gives them. */
export interface RawWatch {
  readonly depth?: number;
  readonly names?: true;
  readonly data?: true;
  readonly initial?: true;
  readonly count?: number;
  readonly timeout?: number;
}

/** `reeve znode watch`: until Ctrl-C, until so many changes were told, or until the time is up. */
export async function watchZnodes(context: Context, text: string, raw: RawWatch): Promise<ExitCode> {
  const root = znodePath(text);
  if (raw.names && raw.data) throw usageError('--names and --data exclude each other');
  const { output } = context;
  const timeUp = raw.timeout === undefined ? new AbortController().signal : AbortSignal.timeout(raw.timeout);
  const signal = AbortSignal.any([context.signal, timeUp]);
  const open = () => openClient(context, { replyBytesMax: REPLY_BYTES_MAX });
  const changes = new Changes({ root, depth: raw.depth, data: raw.names ? 'ignored' : 'kept', open, signal });
  const read = changes.read();
  let left = raw.count ?? Number.POSITIVE_INFINITY;
  let course: 'first picture' | 'following' = 'first picture';
  for (let next = await about(root, read.next()); next.done !== true; next = await about(root, read.next())) {
    const change = next.value;
    if (change.kind === 'ready' || change.kind === 'stale') {
      if (change.kind === 'ready') course = 'following';
      await tellCourse(output, change, root);
    } else if (course === 'following' || raw.initial) {
      await tellChange(output, change, raw);
      left -= 1;
    }
    if (left <= 0) {
      await read.return(undefined);
      return exitCodes.ok;
    }
  }
  if (timeUp.aborted && !context.signal.aborted) return exitCodes.timedOut;
  return output.gone.aborted ? exitCodes.ok : exitCodes.interrupted;
}

type Course = Extract<Change, { readonly kind: 'ready' | 'stale' }>;

async function tellCourse(output: Output, change: Course, root: string): Promise<void> {
  if (output.format === 'json') return output.json({ ...change, at: Date.now() });
  const following = () => `Following ${root}: ${count((change as { znodes: number }).znodes, 'znode')}.`;
  output.note(output.colors.dim(change.kind === 'stale' ? 'No server is in touch; waiting.' : following()));
}

const marks = { created: '+', changed: '*', deleted: '-' } as const;

async function tellChange(output: Output, change: Exclude<Change, Course>, { data }: RawWatch): Promise<void> {
  const { kind, path } = change;
  const at = Date.now();
  const znode = 'znode' in change ? change.znode : undefined;
  const facts = znode === undefined ? {} : { ...toDataText(znode.data), stat: znode.stat };
  await output.show({ kind, path, at, ...facts }, () => {
    const paint = { created: output.colors.green, changed: output.colors.yellow, deleted: output.colors.red }[kind];
    const shown = data && znode !== undefined ? `  ${dataLine(znode.data)}` : '';
    return `${new Date(at).toTimeString().slice(0, 8)}  ${paint(`${marks[kind]} ${path}`)}${shown}`;
  });
}
