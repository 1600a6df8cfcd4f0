import { setTimeout as sleep } from 'node:timers/promises';
import { type Backoff, backoffMs, codeOf } from '@reeve/base';
import { type Coordination, isFinal, type SessionState } from '@reeve/client';
import { recipeError } from '@reeve/recipes';

const backoff: Backoff = { baseMs: 200, factor: 2, ceilingMs: 5_000, jitter: 0.5 };

/** What another try would meet again. */
const hopeless: ReadonlySet<string | undefined> = new Set(['auth_failed', 'invalid_argument']);

/**
 * Where a registration, a view or a picker has its client from. With one client it ends with that client's session;
 * with `Sessions` it goes on in the next session.
 */
export type ClientSource = Coordination | Sessions;

/** Who goes on from one session to the next. */
export interface Guest {
  /** Where it works, for messages. */
  readonly path: string;
  /** Here is a session: the first one, or the next. */
  begin(client: Coordination): void;
  /** There will be no other. */
  over(cause: unknown): void;
}

/**
 * One session after the other: when a session has expired, another client is opened, and whoever works with them goes
 * on there. The clients are theirs: `close` closes the last one.
 *
 * @example
 * const sessions = await Sessions.open(() => connect({ servers: '127.0.0.1:2181' }));
 * const registration = new Registration(sessions, { service: 'api', address: '10.0.0.7', port: 8080 });
 */
export class Sessions {
  readonly #open: () => Promise<Coordination>;
  readonly #guests = new Set<Guest>();
  readonly #closed = new AbortController();
  #client: Coordination;
  #unsubscribe: () => void = () => undefined;
  /** Why there will be no other session: undefined where that needs no other words than that it is over. */
  #end: { readonly cause: unknown } | undefined;

  private constructor(open: () => Promise<Coordination>, client: Coordination) {
    this.#open = open;
    this.#client = client;
    this.#watchOver(client);
  }

  /** Opens the first session. Throws what `open` throws: only later sessions are tried for until they are there. */
  static async open(open: () => Promise<Coordination>): Promise<Sessions> {
    return new Sessions(open, await open());
  }

  /** The client of the present session, or of the last one while there is no other yet. */
  get client(): Coordination {
    return this.#client;
  }

  /** Has `guest` begin in the present session and in each later one, until the returned function is called. */
  welcome(guest: Guest): () => void {
    if (this.#end !== undefined) tellOver(guest, this.#end.cause);
    else {
      this.#guests.add(guest);
      if (!isFinal(this.#client.state)) guest.begin(this.#client);
    }
    return () => this.#guests.delete(guest);
  }

  /** Closes the present session and opens no other; who works with it still has lost it. Idempotent. */
  async close(): Promise<void> {
    this.#closed.abort();
    this.#unsubscribe();
    this.#over();
    await this.#client.close();
  }

  #watchOver(client: Coordination): void {
    this.#unsubscribe = client.onSession(({ to }) => this.#changed(to));
    // It may be over before anybody could listen.
    this.#changed(client.state);
  }

  #changed(state: SessionState): void {
    if (!isFinal(state)) return;
    this.#unsubscribe();
    if (state === 'expired') this.#renew();
    else this.#over();
  }

  #renew(): void {
    this.#next().then(
      (client) => this.#welcomeIn(client),
      (error) => this.#over(error),
    );
  }

  async #next(): Promise<Coordination> {
    const { signal } = this.#closed;
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.#open();
      } catch (error) {
        if (signal.aborted || hopeless.has(codeOf(error))) throw error;
      }
      await sleep(backoffMs(backoff, failures, Math.random), undefined, { signal });
    }
  }

  #welcomeIn(client: Coordination): void {
    this.#client = client;
    if (this.#closed.signal.aborted) {
      // Nobody waits for it any more; what it cannot close goes with the session time-out.
      client.close().catch(() => undefined);
      return;
    }
    this.#watchOver(client);
    for (const guest of [...this.#guests]) guest.begin(client);
  }

  #over(cause?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { cause };
    const guests = [...this.#guests];
    this.#guests.clear();
    for (const guest of guests) tellOver(guest, cause);
  }
}

function tellOver(guest: Guest, cause: unknown): void {
  guest.over(cause ?? recipeError('session_over', guest.path));
}

/** Has `guest` begin in each session that `source` has, until the returned function is called. */
export function visit(source: ClientSource, guest: Guest): () => void {
  if (source instanceof Sessions) return source.welcome(guest);
  const over = () => tellOver(guest, undefined);
  if (isFinal(source.state)) {
    over();
    return () => undefined;
  }
  const unsubscribe = source.onSession(({ to }) => {
    if (isFinal(to)) over();
  });
  guest.begin(source);
  return unsubscribe;
}
