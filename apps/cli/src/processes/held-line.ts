import { once } from 'node:events';
import { runLine } from './run-line.ts';

/** A command line that may run only as long as something is held. */
export interface HeldLine {
  readonly line: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What the command reads from its standard input; what we read ourselves unless given. */
  readonly input?: Uint8Array;
  /** Fires when what is held is lost. */
  readonly lost: AbortSignal;
  /** Fires when somebody asks for it, where the command is to give way. */
  readonly asked?: AbortSignal;
  /** Fires, with the name of a signal, when we are to stop. */
  readonly stop: AbortSignal;
  /** How long the command has to end when we stop or give way, milliseconds. */
  readonly graceMs: number;
  /** The same, asked when it is lost: until somebody else may have it. */
  readonly lostGraceMs: () => number;
}

/** How a command under something held came to its end: by itself, or because of what happened to us. */
export interface HeldEnd {
  readonly by: 'itself' | 'loss' | 'stop' | 'request';
  readonly exitCode: number;
}

/**
 * Runs a command line, and ends it when what is held is lost, when somebody asks for that, and when we are to stop.
 *
 * @throws as `runLine`
 */
export async function runHeld(held: HeldLine): Promise<HeldEnd> {
  const { lost, stop, asked, graceMs } = held;
  const running = await runLine(held.line, held.env, held.input);
  const ended = new AbortController();
  const { signal } = ended;
  const fired = (what: AbortSignal) => (what.aborted ? Promise.resolve() : once(what, 'abort', { signal }));
  const by = await Promise.race([
    running.ended.then(() => 'itself' as const),
    fired(lost).then(() => 'loss' as const),
    fired(stop).then(() => 'stop' as const),
    ...(asked === undefined ? [] : [fired(asked).then(() => 'request' as const)]),
  ]);
  // The others wait for nothing any more.
  ended.abort();
  if (by === 'itself') return { by, exitCode: await running.ended };
  if (by === 'loss') return { by, exitCode: await running.end({ graceMs: held.lostGraceMs() }) };
  const end = running.end({ graceMs, signal: by === 'stop' ? (stop.reason as NodeJS.Signals) : 'SIGTERM' });
  // Whatever the command still does, it must not do it without what is held.
  const hurry = () => void running.end({ graceMs: held.lostGraceMs() });
  if (lost.aborted) hurry();
  else lost.addEventListener('abort', hurry, { once: true });
  const exitCode = await end;
  lost.removeEventListener('abort', hurry);
  return { by, exitCode };
}
