import { codeOf } from '@reeve/base';
import type { DoubleBarrier } from '@reeve/recipes';
import { CliError } from '../cli-error.ts';
import { type Context, withClient } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { servicePath } from '../input/service-name.ts';
import { runHeld } from '../processes/held-line.ts';
import { graceMsOf, type RawHolding, sessionOf, untilStopped } from './run-holding.ts';

/** The options of `reeve barrier enter`, as commander gives them. */
export interface RawEnter extends Pick<RawHolding, 'timeout' | 'sessionTimeout' | 'grace'> {
  readonly members: number;
}

interface EnterLine {
  readonly name: string;
  readonly raw: RawEnter;
  readonly line: readonly string[] | undefined;
}

/** `reeve barrier enter`: runs a command together with others. */
export async function enterBarrier(context: Context, enter: EnterLine): Promise<ExitCode> {
  const { name, raw } = enter;
  const path = servicePath(context.settings.root, 'barriers', name);
  const { DoubleBarrier } = await import('@reeve/recipes');
  return untilStopped(context, (started) =>
    withClient(
      context,
      async (client) => {
        started();
        const barrier = new DoubleBarrier(client, { path, members: raw.members });
        try {
          return await runInside(context, barrier, enter);
        } finally {
          await barrier.stop();
        }
      },
      sessionOf(raw),
    ),
  );
}

async function runInside(context: Context, barrier: DoubleBarrier, enter: EnterLine): Promise<ExitCode> {
  const { name, raw, line } = enter;
  const { stop } = context;
  try {
    await barrier.enter({ signal: stop, timeoutMs: raw.timeout });
  } catch (error) {
    if (stop.aborted) return exitCodes.interrupted;
    if (codeOf(error) !== 'deadline_exceeded') throw error;
    const facts = { code: 'not_obtained', exitCode: exitCodes.timedOut } as const;
    throw new CliError(facts, `fewer than ${raw.members} came to the barrier "${name}" in time`);
  }
  if (line === undefined) return exitCodes.ok;
  const graceMs = graceMsOf(raw);
  // A session that ends ends nothing here: the others do not wait any longer, and that is told at the end.
  const lost = new AbortController().signal;
  const end = await runHeld({ line, env: {}, lost, stop, graceMs, lostGraceMs: () => graceMs });
  if (end.by === 'stop') return exitCodes.interrupted;
  return leave(context, barrier, end.exitCode);
}

async function leave({ stop, output }: Context, barrier: DoubleBarrier, exitCode: ExitCode): Promise<ExitCode> {
  try {
    await barrier.leave({ signal: stop });
    return exitCode;
  } catch (error) {
    if (stop.aborted) return exitCodes.interrupted;
    if (codeOf(error) !== 'session_over') throw error;
    output.note('the session ended before the command did: the others have not waited for it');
    return exitCode;
  }
}
