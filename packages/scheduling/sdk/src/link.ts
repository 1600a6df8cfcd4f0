import { type Backoff, backoffMs, codeOf } from '@reeve/base';
import type { Coordination, RequestOptions, SessionState } from '@reeve/client';
import { Call, type CallOptions } from './call.ts';
import { translate } from './translate.ts';

/** What a link is made of. */
export interface LinkOptions {
  /** Makes a session; rejects with `unreachable` when no server answers in time. */
  readonly open: () => Promise<Coordination>;
  /** Where `open` connects to, for messages. */
  readonly connect: string;
  /** The deadline of an operation that names none, milliseconds. */
  readonly timeoutMs: number;
}

const backoff: Backoff = { baseMs: 20, factor: 2, ceilingMs: 1_000, jitter: 0.5 };

/** What may be tried again: the connection or the session went, or the server asks for patience. */
const passing: ReadonlySet<string> = new Set([
  'connection_loss',
  'session_expired',
  'session_moved',
  'unknown_session',
  'client_closed',
  'operation_timeout',
  'request_timeout',
  'throttled_op',
  'not_read_only',
  'unreachable',
]);

/**
 * A session that is made anew when it is lost. The SDK owns no ephemerals, and each of its operations is idempotent, so
 * one that met the loss of a connection or of a session is simply tried again, until its deadline.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  #session: Coordination | undefined;
  #opening: Promise<Coordination> | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Makes the first session, without a second try: a wrong address should be known at once. */
  async open(): Promise<void> {
    try {
      await this.#live();
    } catch (error) {
      throw translate(error, this.#options.connect);
    }
  }

  /** Runs `work` on a live session, again and again until it is answered or its deadline has passed. */
  async run<T>(
    work: (session: Coordination, options: RequestOptions) => Promise<T>,
    options: CallOptions = {},
  ): Promise<T> {
    const call = this.call({ signal: options.signal, timeoutMs: options.timeoutMs ?? this.#options.timeoutMs });
    try {
      return await this.repeat(call, (session) => work(session, call.request));
    } finally {
      call.dispose();
    }
  }

  /** Starts an operation of several steps; its owner disposes of it. */
  call(options: CallOptions): Call {
    return new Call(options, this.#closing.signal);
  }

  /** Like `run`, as one step of a longer operation. */
  async repeat<T>(call: Call, work: (session: Coordination) => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      try {
        call.check();
        return await work(await this.#live());
      } catch (error) {
        if (!passing.has(codeOf(error) ?? '')) throw this.#final(error, call);
        await call.pause(backoffMs(backoff, failures, Math.random));
        call.check(translate(error, this.#options.connect));
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#opening?.catch(() => undefined);
    await this.#session?.close();
  }

  /** A request that the client gave up at the end of our operation failed because of that. */
  #final(error: unknown, call: Call): unknown {
    const code = codeOf(error);
    if (code === 'aborted' || code === 'deadline_exceeded') call.check(error);
    return translate(error, this.#options.connect);
  }

  /** The session of now; one new session, however many operations have found the old one dead. */
  async #live(): Promise<Coordination> {
    if (this.#session !== undefined && isLive(this.#session.state)) return this.#session;
    this.#opening ??= this.#renew().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #renew(): Promise<Coordination> {
    const session = await this.#options.open();
    this.#session = session;
    if (this.#closing.signal.aborted) await session.close();
    return session;
  }
}

/** Whether a session in this state can serve, now or later. */
export function isLive(state: SessionState): boolean {
  return state === 'connecting' || state === 'connected' || state === 'suspended';
}
