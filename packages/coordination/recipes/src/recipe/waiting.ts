import { invariant } from '@reeve/base';
import { RecipeError, recipeError } from './recipe-error.ts';

/** How long a caller waits: for ever, unless given. */
export interface WaitOptions {
  /** Gives up when it fires. */
  readonly signal?: AbortSignal | undefined;
  /** Gives up after so many milliseconds; 0 does not wait at all. */
  readonly timeoutMs?: number | undefined;
}

/** Timers bear no more; whoever waits for longer than these 24 days waits for ever. */
const TIMER_MS_MAX = 0x7fffffff;

/** The parts of signals that are made of several: Node itself holds them weakly. */
const partsOf = new WeakMap<AbortSignal, readonly AbortSignal[]>();

/**
 * Fires with the first of these, as `AbortSignal.any` does, but keeps them: a time limit that nobody else holds would be
 * collected as garbage there, and never fire.
 */
export function firstOf(...parts: readonly AbortSignal[]): AbortSignal {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const first = AbortSignal.any([...parts]);
  partsOf.set(first, parts);
  return first;
}

/** Fires when nobody waits any more: for the reasons of the caller, or of `others`. */
export function untilUnwanted({ signal, timeoutMs }: WaitOptions, ...others: readonly AbortSignal[]): AbortSignal {
  invariant(timeoutMs === undefined || timeoutMs >= 0, 'a time to wait is not below zero');
  const ends = [...others];
  if (signal !== undefined) ends.push(signal);
  if (timeoutMs !== undefined && timeoutMs <= TIMER_MS_MAX) ends.push(AbortSignal.timeout(Math.ceil(timeoutMs)));
  return firstOf(...ends);
}

/** Why a signal has fired, as the error of the recipe that waited for it. */
export function reasonOf({ reason }: AbortSignal, path: string): RecipeError {
  if (reason instanceof RecipeError) return reason;
  // A DOMException, which is no Error of every realm.
  const isTime = typeof reason === 'object' && (reason as { name?: unknown } | null)?.name === 'TimeoutError';
  return recipeError(isTime ? 'deadline_exceeded' : 'aborted', path);
}

/** Resolves or rejects as `work` does, unless `signal` fires first: then rejects with the reason. */
export function unless<T>(signal: AbortSignal, path: string, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(reasonOf(signal, path));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
