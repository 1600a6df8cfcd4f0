import type { Clock, Logger } from '@reeve/base';
import {
  type Assignment,
  type AssignmentKey,
  type Board,
  type Chore,
  type Ending,
  endOfLostWorker,
  type OwnedEnding,
  type PrimaryStore,
  provesGone,
  type Reading,
  type RecordError,
  type TaskId,
  type TaskReading,
  type TaskView,
  type WaitingEnd,
} from '@reeve/tasks';

const CHORES_AT_ONCE = 500;

/** What chores are done with. */
export interface ChoreParts {
  readonly board: Board;
  readonly store: PrimaryStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A task that could not be read. */
export interface SetAside {
  readonly taskId: TaskId;
  readonly reading: TaskReading;
}

type ChoreOf<K extends Chore['kind']> = Extract<Chore, { kind: K }>;

/** Puts right what the board says, many of a kind in one write. */
export class ChoreRunner {
  readonly #parts: ChoreParts;
  #isBusy = false;

  constructor(parts: ChoreParts) {
    this.#parts = parts;
  }

  /** The chores to be done now, a bounded part of all. Each call must be followed by `run`. */
  take(): readonly Chore[] {
    return this.#isBusy ? [] : this.#parts.board.takeChores(CHORES_AT_ONCE);
  }

  async run(chores: readonly Chore[]): Promise<void> {
    this.#isBusy = true;
    await this.#endWaiting(ofKind(chores, 'end_waiting'));
    await this.#relay(ofKind(chores, 'relay_cancel'));
    await this.#move(ofKind(chores, 'move'));
    await this.#tidy(ofKind(chores, 'tidy'));
    for (const chore of chores) this.#parts.board.done(chore);
    this.#isBusy = false;
  }

  /** Ends tasks that nobody can ever run, and tells of those that a newer release may. */
  async reject(tasks: readonly SetAside[]): Promise<void> {
    const ends: WaitingEnd[] = [];
    for (const { taskId, reading } of tasks) {
      const error = errorIn(reading);
      if (error === undefined) continue;
      this.#parts.logger.warn({ taskId, ...error.facts }, 'task unreadable');
      if (error.code === 'record_invalid') ends.push(rejected(taskId, error.message, this.#parts.clock.now()));
    }
    if (ends.length > 0) await this.#parts.store.endWaiting(ends);
  }

  async #endWaiting(chores: readonly ChoreOf<'end_waiting'>[]): Promise<void> {
    if (chores.length === 0) return;
    const { store, clock, logger } = this.#parts;
    const error = { code: 'cancelled', message: 'cancelled while it waited' };
    const finishedAt = clock.now();
    const ends = chores.map(({ view }) => ({
      taskId: view.taskId,
      status: { outcome: 'cancelled' as const, error, attempts: view.candidate?.attempts ?? 0, finishedAt },
      wish: 'there' as const,
    }));
    await store.endWaiting(ends);
    logger.info({ count: ends.length, epoch: store.epoch }, 'waiting tasks cancelled');
  }

  async #relay(chores: readonly ChoreOf<'relay_cancel'>[]): Promise<void> {
    if (chores.length > 0) await this.#parts.store.relayCancels(chores.map(keyOf));
  }

  async #tidy(chores: readonly ChoreOf<'tidy'>[]): Promise<void> {
    if (chores.length > 0) await this.#parts.store.tidy(chores.map(({ view }) => view));
  }

  async #move(chores: readonly ChoreOf<'move'>[]): Promise<void> {
    if (chores.length === 0) return;
    const { store, clock } = this.#parts;
    const keys = chores.map(keyOf);
    const now = clock.now();
    const found = await store.readAssignments(keys);
    const endings = keys.flatMap((key, i) => endingOf(key, found[i], now));
    const refusals = await store.end(endings);
    this.#report(endings.filter((_, i) => refusals[i] === undefined));
    for (const [i, { ending, workerId }] of endings.entries()) {
      const refusal = refusals[i];
      if (refusal === undefined || provesGone(ending, refusal)) continue;
      const facts = { workerId, taskId: ending.taskId, code: refusal.code };
      this.#parts.logger.error(facts, 'cannot take the task from its lost worker: are the buckets all there?');
    }
  }

  #report(written: readonly OwnedEnding[]): void {
    const { logger, store } = this.#parts;
    const byWorker = new Map<string, { again: number; over: number }>();
    for (const { ending, workerId } of written) {
      const counts = byWorker.get(workerId) ?? { again: 0, over: 0 };
      counts[ending.kind === 'retry' ? 'again' : 'over'] += 1;
      byWorker.set(workerId, counts);
    }
    for (const [workerId, { again, over }] of byWorker) {
      logger.info({ workerId, moved: again, lost: over, epoch: store.epoch }, 'worker lost, tasks taken from it');
    }
  }
}

function ofKind<K extends Chore['kind']>(chores: readonly Chore[], kind: K): readonly ChoreOf<K>[] {
  return chores.filter((chore): chore is ChoreOf<K> => chore.kind === kind);
}

function keyOf({ view, workerId }: { readonly view: TaskView; readonly workerId: string }): AssignmentKey {
  return { taskId: view.taskId, workerId };
}

/** Nobody can say how often a task may run whose assignment cannot be read: then once. */
const unreadable: Assignment = { attempt: 1, workersLost: 0, repeat: 'once' };

function endingOf(
  { taskId, workerId }: AssignmentKey,
  found: Reading<Assignment> | undefined,
  now: number,
): OwnedEnding[] {
  if (found === undefined || found.kind === 'missing') return [];
  const assignment = found.kind === 'found' ? found.value : unreadable;
  const ending: Ending = endOfLostWorker({ taskId, workerId, assignment }, now);
  return [{ ending, workerId }];
}

function errorIn({ spec, retry }: TaskReading): RecordError | undefined {
  if (spec?.kind === 'unreadable') return spec.error;
  return retry?.kind === 'unreadable' ? retry.error : undefined;
}

function rejected(taskId: TaskId, message: string, now: number): WaitingEnd {
  const error = { code: 'spec_invalid', message };
  return { taskId, status: { outcome: 'failed', error, attempts: 0, finishedAt: now }, wish: 'none' };
}
