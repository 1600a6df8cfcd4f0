import { setMaxListeners } from 'node:events';
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

/** What two signals together are, made once: each that Node makes anew stays with its parts for as long as they live. */
const pairs = new WeakMap<AbortSignal, WeakMap<AbortSignal, AbortSignal>>();

/** The parts of such a signal: Node holds them weakly, and a time limit that nobody else holds would never fire. */
const partsOf = new WeakMap<AbortSignal, readonly AbortSignal[]>();

const never = unbounded(new AbortController().signal);

/** Fires with the first of these. Costs nothing more when it is asked for the same ones again. */
export function firstOf(...parts: readonly AbortSignal[]): AbortSignal {
  return parts.length === 0 ? never : unbounded(parts.reduce(eitherOf));
}

function eitherOf(one: AbortSignal, other: AbortSignal): AbortSignal {
  let known = pairs.get(one);
  if (known === undefined) {
    known = new WeakMap();
    pairs.set(one, known);
  }
  let either = known.get(other);
  if (either === undefined) {
    either = AbortSignal.any([one, other]);
    partsOf.set(either, [one, other]);
    known.set(other, either);
  }
  return either;
}

/** However many wait at once: Node would take that for a leak, and say so. */
function unbounded(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}

/** Fires when nobody waits any more: for the reasons of the caller, or of `others`. */
export function untilUnwanted({ signal, timeoutMs }: WaitOptions, ...others: readonly AbortSignal[]): AbortSignal {
  invariant(timeoutMs === undefined || timeoutMs >= 0, 'a time to wait is not below zero');
  const unwanted = firstOf(...others, ...(signal === undefined ? [] : [signal]));
  return timeoutMs === undefined || timeoutMs > TIMER_MS_MAX ? unwanted : within(Math.ceil(timeoutMs), unwanted);
}

/** Fires when the time is up, or with `earlier`; holds on to that no longer than the time. */
function within(timeoutMs: number, earlier: AbortSignal): AbortSignal {
  const limited = new AbortController();
  const pass = () => {
    clearTimeout(timer);
    limited.abort(earlier.reason);
  };
  const timer = setTimeout(() => {
    earlier.removeEventListener('abort', pass);
    limited.abort(new DOMException('the time is up', 'TimeoutError'));
  }, timeoutMs);
  timer.unref();
  if (earlier.aborted) pass();
  else earlier.addEventListener('abort', pass, { once: true });
  return limited.signal;
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
