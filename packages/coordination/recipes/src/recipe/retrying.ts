import { type Backoff, backoffMs, codeOf } from '@reeve/base';
import { ClientError, type Coordination, isFinal } from '@reeve/client';
import { recipeError } from './recipe-error.ts';
import { reasonOf } from './waiting.ts';

const backoff: Backoff = { baseMs: 50, factor: 2, ceilingMs: 2_000, jitter: 0.5 };

/** What a recipe needs to try a step again until it succeeds or nobody wants it any more. */
export interface Retrying {
  readonly client: Coordination;
  /** For messages: where the recipe works. */
  readonly path: string;
  /** Fires when nobody wants it any more. */
  readonly stopped: AbortSignal;
}

/** Failures that another try, over another connection perhaps, may not meet. */
const passing: ReadonlySet<string> = new Set([
  'connection_loss',
  'deadline_exceeded',
  'operation_timeout',
  'request_timeout',
  'session_moved',
  'throttled_op',
  'too_many_requests',
  'new_config_no_quorum',
]);

/** What a request says when its session is over or about to be: while it is being closed, its state is not final yet. */
const over: ReadonlySet<string | undefined> = new Set(['client_closed', 'session_expired', 'auth_failed']);

/**
 * Runs an idempotent step until it succeeds, waiting longer after each failure of the connection or the service.
 *
 * @throws RecipeError `session_over`, or why `stopped` has fired; any refusal of the service as it is
 */
export async function retrying<T>({ client, path, stopped }: Retrying, step: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    if (stopped.aborted) throw reasonOf(stopped, path);
    if (isFinal(client.state)) throw recipeError('session_over', path);
    try {
      return await step();
    } catch (error) {
      if (isFinal(client.state) || over.has(codeOf(error))) throw recipeError('session_over', path);
      if (!(error instanceof ClientError) || !passing.has(error.code)) throw error;
    }
    await pause(backoffMs(backoff, failures, Math.random), client, stopped);
  }
}

/** Waits, but no longer than the recipe runs and its session lives. */
function pause(ms: number, client: Coordination, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      unsubscribe();
      stopped.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    const unsubscribe = client.onSession(({ to }) => {
      if (isFinal(to)) done();
    });
    stopped.addEventListener('abort', done);
  });
}
