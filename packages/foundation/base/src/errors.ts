/** What every coded error carries: a stable code, and facts a program or a log can use. */
export interface Facts {
  readonly code: string;
}

/**
 * The only base class of errors in Reeve: a stable `code`, machine-readable `facts`, and a message for people
 * that says what was wrong, where, and how to mend it.
 *
 * @example
 * throw new CodedError({ code: 'port_in_use', port: 2181 }, 'port 2181 is in use: choose another with --port');
 */
export class CodedError<F extends Facts = Facts> extends Error {
  readonly code: F['code'];
  readonly facts: F;

  constructor(facts: F, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = facts.code;
    this.facts = facts;
  }
}

/** The code of an error, ours or Node's; `undefined` for anything that carries none. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message of whatever was thrown, an `Error` or not. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
