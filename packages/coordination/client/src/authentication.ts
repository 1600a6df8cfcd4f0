import type { RequestOf } from '@reeve/wire';
import type { ClientErrorCode } from './client-error.ts';
import type { Request } from './request.ts';

interface Identity {
  readonly body: RequestOf<'auth'>;
  /** Who waits for its first acknowledgement. */
  request: Request | undefined;
}

/** The identities of a session: presented after each connect, answered in order. */
export class Authentication {
  readonly #identities: Identity[] = [];
  /** Sent on this connection and not answered yet. */
  #unanswered: Identity[] = [];

  /** Adds an identity to those that `bodies` will present from now on. */
  add(body: RequestOf<'auth'>, request?: Request): void {
    this.#identities.push({ body, request });
  }

  /** A new connection: what must be sent, in this order. */
  present(): readonly RequestOf<'auth'>[] {
    this.#unanswered = [...this.#identities];
    return this.#identities.map(({ body }) => body);
  }

  /** The identity added last goes out on a connection that has presented the others. */
  presentLast(): void {
    this.#unanswered.push(...this.#identities.slice(-1));
  }

  /** The server took the next identity. */
  acknowledged(): void {
    const identity = this.#unanswered.shift();
    identity?.request?.succeed(undefined);
    if (identity !== undefined) identity.request = undefined;
  }

  expire(now: number): void {
    for (const { request } of this.#identities) {
      if (request !== undefined && request.deadline <= now) request.fail('deadline_exceeded');
    }
  }

  failAll(code: ClientErrorCode): void {
    for (const { request } of this.#identities) request?.fail(code);
  }
}
