import { type Client, connect, type WatchedEvent } from '@reeve/client';
import { Layout, type TaskId } from '@reeve/tasks';
import { CliError, interrupted } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';

/** An assignment, as it was announced. */
export interface Assigned {
  readonly taskId: TaskId;
  readonly workerId: string;
  readonly at: number;
  /** How many times a master had taken over by then: events come in the order of the writes. */
  readonly term: number;
}

/** What happens in the tree, written down with the time, by a client that does nothing else. */
export class Chronicle {
  readonly #client: Client;
  readonly #layout = new Layout();
  readonly #assigned: Assigned[] = [];
  /** How often a final status was announced, by task. */
  readonly #finished = new Map<TaskId, number>();
  #terms = 0;
  #changed: () => void = () => {};

  private constructor(client: Client) {
    this.#client = client;
  }

  static async open(servers: string): Promise<Chronicle> {
    const client = await connect({ servers });
    const chronicle = new Chronicle(client);
    await client.watch(chronicle.#layout.root, 'persistent_recursive', (event) => chronicle.#note(event));
    return chronicle;
  }

  /** How many times a master has taken over. */
  get terms(): number {
    return this.#terms;
  }

  /** The tasks whose final status was announced more than once. */
  get finishedTwice(): number {
    return [...this.#finished.values()].filter((times) => times > 1).length;
  }

  /** The first assignment that fits. */
  firstAssigned(fits: (assigned: Assigned) => boolean): Assigned | undefined {
    return this.#assigned.find(fits);
  }

  hasFinished(taskId: TaskId): boolean {
    return this.#finished.has(taskId);
  }

  /** The tasks that are assigned to a worker now. */
  async assignmentsOf(workerId: string): Promise<readonly TaskId[]> {
    return (await this.#client.getChildren(this.#layout.assignmentsOf(workerId))) as readonly TaskId[];
  }

  /** How many of the final statuses have been written over: none may have. */
  async overwritten(taskIds: readonly TaskId[]): Promise<number> {
    const parts = taskIds.map((taskId) => ({ op: 'getData', path: this.#layout.status(taskId) }) as const);
    const results = await this.#client.multiRead(parts);
    return results.filter((result) => 'stat' in result && result.stat.version > 0).length;
  }

  /** Waits until what has been written down fulfils a condition. */
  async until(condition: () => boolean, { what, timeoutMs, signal }: Deadline): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!condition()) {
      const leftMs = deadline - Date.now();
      if (signal.aborted) throw interrupted();
      if (leftMs <= 0) throw tooLate(what, timeoutMs);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, POLL_MS));
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Resolves when a coordinator has answered that a quorum follows; to read would not need one. */
  reachQuorum(): Promise<void> {
    return this.#client.sync(this.#layout.root);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #note({ type, path }: WatchedEvent): void {
    if (path === this.#layout.primary && type === 'data_changed') this.#terms += 1;
    const place = type === 'created' ? this.#layout.locate(path) : undefined;
    if (place?.kind === 'assignment') {
      const { taskId, workerId } = place;
      this.#assigned.push({ taskId, workerId, at: Date.now(), term: this.#terms });
    }
    if (place?.kind === 'status') this.#finished.set(place.taskId, (this.#finished.get(place.taskId) ?? 0) + 1);
    this.#changed();
  }
}

/** Until when, and what did not happen if not by then. */
export interface Deadline {
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Conditions are looked at again after this time, whatever happens. */
const POLL_MS = 100;

function tooLate(what: string, timeoutMs: number): CliError {
  const message = `it did not happen within ${timeoutMs / 1000} s: ${what}`;
  return new CliError({ code: 'different', exitCode: exitCodes.failed }, message);
}
