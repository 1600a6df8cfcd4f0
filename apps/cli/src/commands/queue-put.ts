import { createInterface } from 'node:readline';
import { usageError } from '../cli-error.ts';
import { type Context, withClient } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { readBytes } from '../input/bytes-input.ts';
import { servicePath } from '../input/service-name.ts';
import { untilStopped } from './run-holding.ts';

/** Lines of standard input that are put at once. */
const LINES_AT_ONCE = 256;

/** The options of `reeve queue put`, as commander gives them. */
export interface RawPut {
  readonly lines?: true;
  readonly priority?: number;
  readonly delay?: number;
  readonly limit?: number;
  readonly timeout?: number;
  readonly try?: true;
}

interface PutLine {
  readonly name: string;
  readonly data: readonly string[];
  readonly raw: RawPut;
}

/** `reeve queue put`: puts items; says how many where there may be many. */
export async function putIntoQueue(context: Context, line: PutLine): Promise<ExitCode> {
  const { name, raw } = line;
  const path = servicePath(context.settings.root, 'queues', name);
  refuseContradictions(line);
  const { Queue } = await import('@reeve/recipes');
  const batches = raw.lines === true ? linesOf(process.stdin, context.stop) : [await itemsOf(line, context.stop)];
  return untilStopped(context, (started) =>
    withClient(context, async (client) => {
      started();
      const whenFull = raw.try === true ? 'refuse' : 'wait';
      const queue = new Queue(client, { path, limit: raw.limit, whenFull });
      const options = { priority: raw.priority, delayMs: raw.delay, timeoutMs: raw.timeout, signal: context.signal };
      let items = 0;
      try {
        for await (const batch of batches) {
          await queue.putMany(batch, options);
          items += batch.length;
        }
        if (context.stop.aborted) return exitCodes.interrupted;
      } finally {
        await queue.stop();
      }
      if (context.output.format === 'json') await context.output.json({ queue: name, items });
      else if (raw.lines === true || items > 1) context.output.note(`put ${items} items`);
      return exitCodes.ok;
    }),
  );
}

function refuseContradictions({ data, raw }: PutLine): void {
  if (raw.lines === true && data.length > 0 && data.join() !== '-')
    throw usageError('--lines reads items from standard input, but there is data as well', 'Leave one of them out.');
  if (data.filter((word) => word === '-').length > 1) throw usageError('standard input can be one item only');
  if (raw.limit === undefined && (raw.try === true || raw.timeout !== undefined))
    throw usageError('--try and --timeout are about room, but there is no limit', 'Say one with --limit.');
  if (raw.try === true && raw.timeout !== undefined) throw usageError('--try does not wait: it takes no --timeout');
}

async function itemsOf({ data, name }: PutLine, stop: AbortSignal): Promise<readonly Buffer[]> {
  const words = data.length === 0 ? ['-'] : data;
  if (data.length === 0 && process.stdin.isTTY === true)
    throw usageError('nothing to put', `Say what: reeve queue put ${name} "some text"; or - to type it in.`);
  const items: Buffer[] = [];
  for (const word of words) items.push(await readBytes(word, process.stdin, stop));
  return items;
}

async function* linesOf(input: NodeJS.ReadableStream, signal: AbortSignal): AsyncGenerator<readonly Buffer[]> {
  let batch: Buffer[] = [];
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY, signal })) {
    batch.push(Buffer.from(text));
    if (batch.length < LINES_AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}
