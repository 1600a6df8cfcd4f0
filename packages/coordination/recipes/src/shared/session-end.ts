import { type Coordination, isFinal } from '@reeve/client';
import { type RecipeError, recipeError } from '../recipe/recipe-error.ts';

/** Fires when a session is over, for waits that no answer ends. */
export interface SessionEnd {
  readonly signal: AbortSignal;
  /** Fires the signal before that, for another reason. */
  endBy(reason: RecipeError): void;
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
  return { signal: over.signal, endBy: (reason) => over.abort(reason), forget };
}
