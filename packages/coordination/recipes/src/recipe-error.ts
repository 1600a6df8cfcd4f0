import { CodedError } from '@reeve/base';

/** Why a recipe could not do what it is for. */
export interface RecipeFacts {
  /**
   * `session_over`: the client's session has expired or was closed, and with it all the recipe held; `stopped`: its
   * owner stopped it; `name_taken`: another session holds the name, and keeps it alive.
   */
  readonly code: 'session_over' | 'stopped' | 'name_taken';
  readonly path: string;
}

/** A recipe ended, or could not begin. Failures of single requests stay `ClientError`s. */
export class RecipeError extends CodedError<RecipeFacts> {}

export function recipeError(code: RecipeFacts['code'], path: string): RecipeError {
  return new RecipeError({ code, path }, `${path}: ${sentences[code]}`);
}

const sentences: Readonly<Record<RecipeFacts['code'], string>> = {
  session_over: 'the session is over: open another client and begin anew',
  stopped: 'stopped by its owner',
  name_taken: 'another session holds this name and keeps it alive: choose another name, or end its owner',
};
