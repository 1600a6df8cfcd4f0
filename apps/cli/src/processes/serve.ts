import { once } from 'node:events';
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
}

/** Says that the service runs, serves until a signal or the end of the parent, and stops it. */
export async function serve({ output, stop }: Context, service: Service): Promise<ExitCode> {
  const parentGone = new AbortController();
  onParentGone(() => parentGone.abort());
  await tellParent({ kind: 'ready', facts: service.facts });
  await output.show(service.facts, () => service.sentence);
  // That nobody reads the output any more does not end a service.
  const end = AbortSignal.any([stop, parentGone.signal]);
  if (!end.aborted) await once(end, 'abort');
  await service.stop();
  return exitCodes.ok;
}
