import { CodedError } from '@reeve/base';
import type { ErrorName } from '@reeve/wire';

/**
 * Whether the request took effect: `failed` means that it certainly did not; `unknown` that the connection was lost,
 * or the deadline passed, after it was sent: only an idempotent caller may try again.
 */
export type Outcome = 'failed' | 'unknown';

/** What went wrong with a request, by code: the protocol's own errors, and those of this client. */
export type ClientErrorCode =
  | Exclude<ErrorName, 'ok'>
  /** The deadline of the request passed. */
  | 'deadline_exceeded'
  /** The caller's AbortSignal fired. */
  | 'aborted'
  /** The client was closed. */
  | 'client_closed'
  /** More requests wait than `inFlightMax` allows. */
  | 'too_many_requests'
  /** A connect string, path or option is not legal. */
  | 'invalid_argument'
  /** The engine does not offer an operation (found out at connect or by its answer). */
  | 'engine_unsupported'
  /** No server answered in time. */
  | 'unreachable';

/** Facts of a failed request. */
export interface ClientFacts {
  readonly code: ClientErrorCode;
  readonly outcome: Outcome;
  /** The operation, such as `create`. */
  readonly op?: string;
  readonly path?: string;
  /** For a failed multi: the position of the part that failed, counted from 0. */
  readonly failedPart?: number;
}

/** Every failure of the client. `error.facts.outcome` tells *failed* from *unknown*. */
export class ClientError extends CodedError<ClientFacts> {}
