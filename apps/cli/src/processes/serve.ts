import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { onParentGone, tellParent } from './parent.ts';

/** A process that serves until it is told to stop. */
export interface Service {
  /** What it serves as; told to the parent, and to programs with --json. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** The same for people, on one line. */
  readonly sentence: string;
  /** Ends it in an orderly way. */
  stop(): Promise<void>;
  /** Fires, with the reason, when it cannot serve any more. */
  readonly failed?: AbortSignal;
  /** How long that may take, milliseconds: whatever it still waits for then is given up. */
  readonly stopMsMax: number;
}

/**
 * Says that the service runs, serves until a signal or the end of the parent, and stops it.
 *
 * @throws what `failed` fires with, when it has stopped
 */
export async function serve({ output, stop }: Context, service: Service): Promise<ExitCode> {
  const parentGone = new AbortController();
  onParentGone(() => parentGone.abort());
  await tellParent({ kind: 'ready', facts: service.facts });
  await output.show(service.facts, () => service.sentence);
  // That nobody reads the output any more does not end a service.
  const { failed } = service;
  const end = AbortSignal.any([stop, parentGone.signal, ...(failed === undefined ? [] : [failed])]);
  if (!end.aborted) await once(end, 'abort');
  try {
    await Promise.race([service.stop(), tooLate(service.stopMsMax)]);
  } finally {
    // What came of stopping is of no interest beside why it had to.
    failed?.throwIfAborted();
  }
  return exitCodes.ok;
}

async function tooLate(ms: number): Promise<never> {
  await sleep(ms, undefined, { ref: false });
  const advice = 'Whoever waits for it learns of its end when its session is over.';
  const facts = { code: 'stopped_late', exitCode: exitCodes.failed, advice } as const;
  throw new CliError(facts, `it did not stop in an orderly way within ${ms / 1_000} s, and ends as it is`);
}
