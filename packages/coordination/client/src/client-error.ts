import { CodedError } from '@reeve/base';
import { type ErrorName, errors } from '@reeve/wire';

/**
 * Whether the request took effect: `failed` means that it certainly did not; `unknown` that the connection was lost,
 * or the deadline passed, after it was sent: only an idempotent caller may try again.
 */
export type Outcome = 'failed' | 'unknown';

const ownMessages = {
  /** The deadline of the request passed. */
  deadline_exceeded: 'no answer came before the deadline',
  /** The caller's AbortSignal fired. */
  aborted: 'the caller gave up',
  /** The client was closed. */
  client_closed: 'the client is closed',
  /** More requests wait for a connection, or for an answer to earlier ones, than `waitingMax` allows. */
  too_many_requests: 'too many requests wait already: make fewer at a time, or raise waitingMax',
  /** A connect string, path or option is not legal. */
  invalid_argument: 'an argument is not legal',
  /** The engine does not offer an operation. */
  engine_unsupported: 'this engine does not offer the operation',
  /** No server answered in time. */
  unreachable: 'no server answered in time',
  /** The reader of a watch's events fell too far behind: events were dropped, so read the znodes again. */
  watch_overflow: 'the reader of the events fell too far behind: read the znodes again and watch anew',
} as const;

/** What went wrong with a request, by code: the protocol's own errors, and those of this client. */
export type ClientErrorCode = Exclude<ErrorName, 'ok'> | keyof typeof ownMessages;

/** Facts of a failed request. */
export interface ClientFacts {
  readonly code: ClientErrorCode;
  readonly outcome: Outcome;
  /** The operation, such as `create`. */
  readonly op?: string;
  readonly path?: string;
  /** Why the last attempt at a connection failed, for `unreachable`. */
  readonly reason?: string;
  /** For a failed multi: the position of the part that failed, counted from 0. */
  readonly failedPart?: number;
}

/**
 * Every failure of the client. `error.facts.outcome` tells *failed* from *unknown*.
 *
 * @example
 * if (error instanceof ClientError && error.code === 'node_exists') return 'was there already';
 */
export class ClientError extends CodedError<ClientFacts> {}

/** The error of these facts; `detail` replaces what the code says by itself. */
export function clientError(facts: ClientFacts, detail?: string): ClientError {
  const what = [facts.op, facts.path].filter((part) => part !== undefined && part !== '').join(' ');
  const part = facts.failedPart === undefined ? '' : ` (part ${facts.failedPart})`;
  const caution = facts.outcome === 'unknown' ? '; it may have taken effect all the same' : '';
  const reason = `${detail ?? sentence(facts.code)}${caution}`;
  return new ClientError(facts, what === '' ? reason : `${what}${part}: ${reason}`);
}

function sentence(code: ClientErrorCode): string {
  return code in ownMessages ? ownMessages[code as keyof typeof ownMessages] : errors[code as ErrorName].message;
}
