import { codeOf } from '@reeve/base';
import { type Client, monotonicClock } from '@reeve/client';
import type { Lease, LossReason, Participant, WaitOptions } from '@reeve/recipes';
import type { Command } from 'commander';
import { CliError, usageError } from '../cli-error.ts';
import { type Context, withClient } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { duration } from '../input/duration.ts';
import { describeParticipant } from '../output/participants.ts';
import { type HeldEnd, runHeld } from '../processes/held-line.ts';

/** How long a command has to end unless the command line says something else, milliseconds. */
const GRACE_MS = 10_000;
/** A person at a terminal is told after so long what is waited for, milliseconds. */
const TELL_AFTER_MS = 1_000;

/** The options of commands that run another one while they hold something, as commander gives them. */
export interface RawHolding {
  readonly timeout?: number;
  readonly try?: true;
  readonly quiet?: true;
  readonly sessionTimeout?: number;
  readonly grace?: number;
  readonly revocable?: true;
}

/** Adds the options of a command that runs another one while it holds something. */
export function withHolding(command: Command): Command {
  return command
    .option('--session-timeout <duration>', 'how long the servers wait for a sign of life (default: 10s)', duration)
    .option('--grace <duration>', 'how long COMMAND has to end before it is killed (default: 10s)', duration);
}

/** Adds the options that say how long to wait for it. */
export function withWaiting(command: Command): Command {
  return command
    .option('-t, --timeout <duration>', 'wait no longer than this; exit code 124 when that is over', duration)
    .option('-n, --try', 'do not wait at all')
    .option('-q, --quiet', 'say nothing when it was not obtained')
    .option('--revocable', 'end COMMAND, and release, when somebody asks for it with --revoke');
}

/** What is to be held, and what runs meanwhile. */
export interface Holding {
  /** How it is called in messages, such as `the lock "backup"`. */
  readonly what: string;
  readonly raw: RawHolding;
  readonly line: readonly string[];
  /** What waits for it, on a fresh client. */
  readonly on: (client: Client, safetyMs: number) => Obtainable;
}

/** Something that can be waited for and held. */
interface Obtainable {
  acquire(options: WaitOptions): Promise<Lease>;
  participants(): Promise<readonly Participant[]>;
}

/** What the losses mean, for people. */
export const lossWords: Readonly<Record<LossReason, string>> = {
  session_over: 'the session is over',
  session_suspended: 'no coordinator answered for too long',
  removed: 'somebody has deleted its znode',
  refused: 'the coordinator refuses to show it any more',
};

/** The options of a client whose session is held on to. Out of touch, a quarter of the time-out is left to let go. */
export function sessionOf({ sessionTimeout }: RawHolding): { readonly sessionTimeoutMs?: number } {
  return sessionTimeout === undefined ? {} : { sessionTimeoutMs: sessionTimeout };
}

/** When a holder that runs a command lets go: early enough to end the command. */
export function safetyMsOf({ sessionTimeoutMs }: Client): number {
  return sessionTimeoutMs / 4;
}

/** How long a command may still run when what it holds is lost: a twelfth of the time-out before the session may end. */
export function lostGraceMsOf({ sessionDeadline, sessionTimeoutMs }: Client): number {
  const leftMs = sessionDeadline - sessionTimeoutMs / 12 - monotonicClock.now();
  return Math.max(0, Math.min(sessionTimeoutMs / 6, leftMs));
}

/** How long a command has to end when nothing hurries. */
export function graceMsOf({ grace = GRACE_MS }: RawHolding): number {
  return grace;
}

/** The command line behind "--". Throws `usage` where there is none. */
export function commandLine(line: readonly string[] | undefined, example: string): readonly string[] {
  if (line !== undefined && line.length > 0) return line;
  throw usageError('there is no command to run', `Put it behind "--": ${example}`);
}

/** Waits for something, runs a command line while it is held, and gives it back. Says what to exit with. */
export async function runHolding(context: Context, holding: Holding): Promise<ExitCode> {
  const { raw } = holding;
  if (raw.try === true && raw.timeout !== undefined) throw usageError('--try does not wait: it takes no --timeout');
  const timeoutMs = raw.try === true ? 0 : raw.timeout;
  const giveUpAt = timeoutMs === undefined ? undefined : monotonicClock.now() + timeoutMs;
  for (;;) {
    const leftMs = giveUpAt === undefined ? undefined : Math.max(0, giveUpAt - monotonicClock.now());
    const end = await untilStopped(context, (started) =>
      withClient(context, (client) => holdOnce(context, client, { ...holding, leftMs, started }), sessionOf(raw)),
    );
    if (end !== 'again') return end;
    context.output.note(`the place in line for ${holding.what} was lost: stands in line again`);
  }
}

/**
 * Ends at once when we are to stop before `started` was called: there is nothing to end in an orderly way, such as while
 * no coordinator answers.
 */
export function untilStopped<T>(
  { stop }: Context,
  work: (started: () => void) => Promise<T>,
): Promise<T | typeof exitCodes.interrupted> {
  return new Promise((resolve, reject) => {
    const leave = () => resolve(exitCodes.interrupted);
    if (stop.aborted) return leave();
    stop.addEventListener('abort', leave, { once: true });
    work(() => stop.removeEventListener('abort', leave)).then(resolve, reject);
  });
}

interface Attempt extends Holding {
  readonly leftMs: number | undefined;
  readonly started: () => void;
}

async function holdOnce(context: Context, client: Client, attempt: Attempt): Promise<ExitCode | 'again'> {
  attempt.started();
  const { stop } = context;
  const obtainable = attempt.on(client, safetyMsOf(client));
  let lease: Lease;
  try {
    lease = await telling(context, attempt, obtainable);
  } catch (error) {
    if (stop.aborted) return exitCodes.interrupted;
    if (codeOf(error) === 'session_over' || codeOf(error) === 'lost') return 'again';
    if (codeOf(error) !== 'deadline_exceeded') throw error;
    if (attempt.raw.quiet === true) return exitCodes.timedOut;
    throw await notObtained(attempt, obtainable);
  }
  try {
    return await runWith(context, client, { ...attempt, lease });
  } finally {
    await lease.release();
  }
}

async function runWith(
  { stop }: Context,
  client: Client,
  { lease, line, raw, what }: Attempt & { readonly lease: Lease },
): Promise<ExitCode> {
  let reason: LossReason = 'session_over';
  const asked = new AbortController();
  if (lease.revocation === 'asked') asked.abort();
  lease.events.subscribe((event) => {
    if (event.kind === 'lost') reason = event.reason;
    else asked.abort();
  });
  const end = await runHeld({
    line,
    env: { REEVE_FENCE: String(lease.fence) },
    lost: lease.signal,
    ...(raw.revocable === true && { asked: asked.signal }),
    stop,
    graceMs: graceMsOf(raw),
    lostGraceMs: () => lostGraceMsOf(client),
  });
  return exitCodeOf(end, () => lostError(what, reason));
}

function exitCodeOf({ by, exitCode }: HeldEnd, lost: () => CliError): ExitCode {
  if (by === 'loss') throw lost();
  return by === 'stop' ? exitCodes.interrupted : exitCode;
}

function lostError(what: string, reason: LossReason): CliError {
  const advice = 'What it had begun may be half done: look, before it runs again.';
  const facts = { code: 'lost', exitCode: exitCodes.lost, advice } as const;
  return new CliError(facts, `${what} was lost, and the command ended: ${lossWords[reason]}`);
}

/** Tells a person at a terminal, after a while, what is waited for. */
async function telling({ output, stop }: Context, attempt: Attempt, obtainable: Obtainable): Promise<Lease> {
  const timer = setTimeout(async () => {
    if (process.stderr.isTTY !== true) return;
    const [first] = await obtainable.participants().catch(() => []);
    if (first !== undefined) output.note(`waiting for ${attempt.what}, held by ${describeParticipant(first)}`);
  }, TELL_AFTER_MS);
  try {
    return await obtainable.acquire({ signal: stop, timeoutMs: attempt.leftMs });
  } finally {
    clearTimeout(timer);
  }
}

async function notObtained({ what, raw }: Attempt, obtainable: Obtainable): Promise<CliError> {
  const [first] = await obtainable.participants().catch(() => []);
  const who = first === undefined ? '' : `: held by ${describeParticipant(first)}`;
  const when = raw.try === true ? 'is not free' : 'was not obtained in time';
  return new CliError({ code: 'not_obtained', exitCode: exitCodes.timedOut }, `${what} ${when}${who}`);
}
