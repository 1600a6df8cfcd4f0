import { type Coordination, isFinal } from '@reeve/client';
import { recipeError } from '../recipe/recipe-error.ts';

/** Fires when a session is over, for waits that no answer ends. */
export interface SessionEnd {
  readonly signal: AbortSignal;
  /** Stops listening to the session. */
  forget(): void;
}

/** Follows the session of `client` to its end; the reason of the signal is `session_over` at `path`. */
export function sessionEnd(client: Coordination, path: string): SessionEnd {
  const over = new AbortController();
  const end = () => over.abort(recipeError('session_over', path));
  const forget = client.onSession(({ to }) => {
    if (isFinal(to)) end();
  });
  if (isFinal(client.state)) end();
  return { signal: over.signal, forget };
}
