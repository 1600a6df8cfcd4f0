import { setTimeout as sleep } from 'node:timers/promises';
import { type Backoff, backoffMs, codeOf } from '@reeve/base';
import type { Client } from '@reeve/client';
import type { Queue, QueueItem } from '@reeve/recipes';
import { CliError, usageError } from '../cli-error.ts';
import { type Context, withClient } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { servicePath } from '../input/service-name.ts';
import { runHeld } from '../processes/held-line.ts';
import { graceMsOf, lostGraceMsOf, type RawHolding, safetyMsOf, sessionOf, untilStopped } from './run-holding.ts';

/** How long one waits, with `--follow`, after a command that failed: longer, the more often in a row. */
const afterFailure: Backoff = { baseMs: 100, factor: 2, ceilingMs: 5_000, jitter: 0.2 };

/** The options of `reeve queue take`, as commander gives them. */
export interface RawTake extends Pick<RawHolding, 'timeout' | 'try' | 'sessionTimeout' | 'grace'> {
  readonly count?: number;
  readonly follow?: true;
  readonly raw?: true;
  readonly attempts?: number;
}

interface TakeLine {
  readonly name: string;
  readonly raw: RawTake;
  readonly line: readonly string[] | undefined;
}

/** Where items come from, and what becomes of them. */
interface Taking extends TakeLine {
  readonly context: Context;
  readonly client: Client;
  readonly queue: Queue;
  /** Where items go that fail too often. */
  readonly failed: Queue;
}

/** `reeve queue take`: takes items, prints them or has a command work on them. */
export async function takeFromQueue(context: Context, take: TakeLine): Promise<ExitCode> {
  const { name, raw, line } = take;
  const path = servicePath(context.settings.root, 'queues', name);
  refuseContradictions(take);
  const { Queue } = await import('@reeve/recipes');
  return untilStopped(context, (started) =>
    withClient(
      context,
      async (client) => {
        started();
        const safetyMs = line === undefined ? undefined : safetyMsOf(client);
        const queue = new Queue(client, { path, safetyMs });
        const failed = new Queue(client, { path: `${path}.failed` });
        try {
          return await takeAll({ ...take, context, client, queue, failed });
        } finally {
          await Promise.all([queue.stop(), failed.stop()]);
        }
      },
      sessionOf(raw),
    ),
  );
}

function refuseContradictions({ raw, line }: TakeLine): void {
  if (raw.try === true && raw.timeout !== undefined) throw usageError('--try does not wait: it takes no --timeout');
  if (raw.follow === true && (raw.count !== undefined || raw.try === true))
    throw usageError('--follow takes items until Ctrl-C: it takes no --count and no --try');
  if (line?.length === 0) throw usageError('there is no command after "--"');
  if (line === undefined && raw.attempts !== undefined)
    throw usageError('--attempts is about commands that fail', 'Put one behind "--".');
  if (line !== undefined && raw.raw === true) throw usageError('--raw is about printing, but there is a command');
}

async function takeAll(taking: Taking): Promise<ExitCode> {
  const { raw, context } = taking;
  const { signal, stop } = context;
  const countMax = raw.follow === true ? Number.POSITIVE_INFINITY : (raw.count ?? 1);
  let failures = 0;
  for (let taken = 0; taken < countMax; taken += 1) {
    const item = await next(taking);
    if (item === 'stopped') return stop.aborted ? exitCodes.interrupted : exitCodes.ok;
    const exitCode = await workOn(taking, item);
    if (stop.aborted) return exitCodes.interrupted;
    failures = exitCode === exitCodes.ok ? 0 : failures + 1;
    if (failures === 0) continue;
    if (raw.follow !== true) return exitCode;
    await sleep(backoffMs(afterFailure, failures, Math.random), undefined, { signal }).catch(() => undefined);
  }
  return exitCodes.ok;
}

async function next({ queue, raw, context, name }: Taking): Promise<QueueItem | 'stopped'> {
  const { signal } = context;
  const timeoutMs = raw.try === true ? 0 : raw.timeout;
  try {
    return await queue.take({ signal, timeoutMs });
  } catch (error) {
    if (signal.aborted) return 'stopped';
    if (codeOf(error) !== 'deadline_exceeded') throw error;
    const when = raw.try === true ? 'now' : 'in time';
    throw new CliError(
      { code: 'not_obtained', exitCode: exitCodes.timedOut },
      `the queue "${name}" had nothing ${when}`,
    );
  }
}

/** Prints an item or runs the command for it, and ends it. */
async function workOn(taking: Taking, item: QueueItem): Promise<ExitCode> {
  const { line, context } = taking;
  if (line === undefined) return print(taking, item);
  const env = {
    REEVE_ITEM: nameOf(item),
    REEVE_ATTEMPT: String(item.attempts),
    REEVE_FENCE: String(item.fence),
  };
  const { stop } = context;
  const times = { graceMs: graceMsOf(taking.raw), lostGraceMs: () => lostGraceMsOf(taking.client) };
  const end = await runHeld({ line, env, input: item.data, lost: item.signal, stop, ...times });
  if (end.by === 'loss') throw lost(item);
  if (end.by === 'stop') {
    await item.giveBack();
    return exitCodes.interrupted;
  }
  if (end.exitCode === 0) await item.done();
  else await putBack(taking, item, end.exitCode);
  return end.exitCode;
}

async function print({ context, raw }: Taking, item: QueueItem): Promise<ExitCode> {
  const { output } = context;
  if (output.format === 'json') await output.json(jsonOf(item));
  else await output.bytes(raw.raw === true ? item.data : Buffer.concat([item.data, Buffer.from('\n')]));
  // Nobody has seen it.
  if (output.gone.aborted) await item.giveBack();
  else await item.done();
  return exitCodes.ok;
}

/** The data of an item that is no text, for programs, is base64. */
function jsonOf(item: QueueItem) {
  const { data, priority, attempts } = item;
  const text = data.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(data);
  const content = isText ? { data: text } : { base64: data.toString('base64') };
  return { item: nameOf(item), ...content, priority, attempts };
}

async function putBack({ raw, failed, name, context }: Taking, item: QueueItem, exitCode: number): Promise<void> {
  const { output } = context;
  const what = `${nameOf(item)}: the command ended with ${exitCode} at attempt ${item.attempts}`;
  if (raw.attempts === undefined || item.attempts < raw.attempts) {
    await item.giveBack();
    return output.note(`${what}; the item is back in the queue`);
  }
  await failed.put(item.data, { priority: item.priority });
  await item.done();
  output.note(`${what}; the item is in the queue "${name}.failed" now`);
}

function lost(item: QueueItem): CliError {
  const advice = 'What it had begun may be half done: look, for somebody else will begin it again.';
  const message = `the item ${nameOf(item)} was lost, and the command ended: it goes back into the queue`;
  return new CliError({ code: 'lost', exitCode: exitCodes.lost, advice }, message);
}

function nameOf({ path }: QueueItem): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
