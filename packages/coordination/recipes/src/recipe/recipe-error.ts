import { CodedError } from '@reeve/base';

const sentences = {
  session_over: 'the session is over: open another client and begin anew',
  stopped: 'stopped by its owner',
  name_taken: 'another session holds this name and keeps it alive: choose another name, or end its owner',
  aborted: 'the caller gave up waiting',
  deadline_exceeded: 'not in time',
  lost: 'lost before it was given back: somebody else may have it by now',
  in_doubt: 'the session ended before the answer came: it may have been written, once, or not at all',
  unreadable: 'the znode holds something else than this recipe writes: choose another path, or mend the data',
  out_of_range: 'the result would be beyond what a number holds exactly: choose smaller ones',
  full: 'there is no room: wait until something was taken out, or raise the limit',
  too_large: 'the data is longer than one znode may hold: put it elsewhere and pass on where it is',
  events_overflow: 'the reader of the events fell too far behind: look at the state and begin to read anew',
} as const;

/** Why a recipe could not do what it is for. */
export interface RecipeFacts {
  /**
   * `session_over`: the client's session has expired or was closed, and with it all the recipe held; `stopped`: its
   * owner stopped it; `name_taken`: another session holds the name, and keeps it alive; `aborted`: the signal of a
   * wait fired; `deadline_exceeded`: its time was up; `lost`: what was held is not held any more; `in_doubt`: the
   * session ended while a write had no answer; `unreadable`: a znode holds what the recipe does not understand;
   * `out_of_range`: a number too large to be exact; `full`: no room; `too_large`: more data than a znode may hold;
   * `events_overflow`: who iterates over events is too slow.
   */
  readonly code: keyof typeof sentences;
  readonly path: string;
}

/** A recipe ended, or could not begin. Failures of single requests stay `ClientError`s. */
export class RecipeError extends CodedError<RecipeFacts> {}

/** The error of a recipe at work at `path`. */
export function recipeError(code: RecipeFacts['code'], path: string): RecipeError {
  return new RecipeError({ code, path }, `${path}: ${sentences[code]}`);
}
