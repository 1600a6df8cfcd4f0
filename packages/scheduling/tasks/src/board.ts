import { unreachable } from '@reeve/base';
import { Candidate } from './candidate.ts';
import type { Picture, PictureListener } from './picture.ts';
import { type Plan, type PlanLimits, plan } from './placement.ts';
import { type QueueLimits, QueueLoads } from './queue-loads.ts';
import type { Reading } from './reading.ts';
import type { Seat } from './seat.ts';
import { Seats } from './seats.ts';
import { Shelf } from './shelf.ts';
import type { RetryRecord, TaskId, TaskSpec, WorkerRecord } from './task.ts';
import type { Phase, TaskView } from './task-view.ts';
import { Waiting } from './waiting.ts';
import type { WorkerView } from './worker-view.ts';

/** Something that has to be put right, beside giving tasks to workers. */
export type Chore =
  /** Somebody wants a waiting task cancelled. */
  | { readonly kind: 'end_waiting'; readonly view: TaskView }
  /** Somebody wants an assigned task cancelled: its worker is to know. */
  | { readonly kind: 'relay_cancel'; readonly view: TaskView; readonly workerId: string }
  /** The worker of an assignment is gone. */
  | { readonly kind: 'move'; readonly view: TaskView; readonly workerId: string }
  /** A wish, a retry record or an assignment has outlived its task. */
  | { readonly kind: 'tidy'; readonly view: TaskView };

/** What reading one waiting task gave: only what was asked for. */
export interface TaskReading {
  readonly spec?: Reading<TaskSpec>;
  readonly retry?: Reading<RetryRecord>;
}

/** How many tasks stand where. */
export interface BoardCounts {
  readonly unread: number;
  readonly ready: number;
  /** Of the ready ones, those that some worker serves. */
  readonly served: number;
  readonly finished: number;
}

/**
 * What the primary knows and has under way: the tasks that wait, the workers' seats, what is to be put right, and the
 * finished tasks. Lives as long as one term of a primary; built from the picture, kept up to date by listening to it.
 */
export class Board implements PictureListener {
  readonly #picture: Picture;
  readonly #waiting: Waiting;
  readonly #seats: Seats;
  readonly #loads = new QueueLoads();
  /** Finished tasks, for retention. */
  readonly shelf = new Shelf();
  /** Views that may need a chore; looked at when chores are taken. */
  readonly #care = new Set<TaskView>();
  /** Views whose chore did not settle the matter: `sweep` looks at them again. */
  readonly #later = new Set<TaskView>();
  /** Chores under way. */
  readonly #inHand = new Set<TaskView>();
  /** Assigned tasks whose worker was told of the wish to cancel. */
  readonly #relayed = new Set<TaskView>();
  /** Living workers whose record is to be read. */
  readonly #newcomers = new Set<WorkerView>();
  readonly #twice: TaskId[] = [];
  #now: number;
  #room: Plan['room'] = 'none';

  constructor(picture: Picture, now: number) {
    this.#picture = picture;
    this.#now = now;
    this.#waiting = new Waiting((lane) => this.#seats.admit(lane));
    this.#seats = new Seats(() => this.#waiting.lanes());
    for (const worker of picture.workers.values()) if (worker.alive) this.#newcomers.add(worker);
    for (const view of picture.tasks()) this.#adopt(view);
    picture.listener = this;
  }

  /** How many tasks wait, as far as they are known to suit a worker or not. */
  get counts(): BoardCounts {
    let ready = 0;
    let served = 0;
    for (const lane of this.#waiting.lanes()) {
      ready += lane.ready;
      if (lane.seats.length > 0) served += lane.ready;
    }
    return { unread: this.#waiting.unread, ready, served, finished: this.shelf.count };
  }

  /** When a delayed task becomes due next, milliseconds since the epoch. */
  get dueAt(): number | undefined {
    return this.#waiting.dueAt;
  }

  get seats(): Iterable<Seat> {
    return this.#seats.all();
  }

  /** Decides who runs what; see `plan`. */
  plan(limits: PlanLimits, now: number): Plan {
    this.#now = now;
    this.#waiting.wake(now);
    const floor = { lanes: this.#waiting.lanes(), seats: this.#seats.all(), rooms: this.#loads.rooms() };
    const decided = plan(floor, limits, now);
    if (this.#loads.isCounting) for (const { taskId } of decided.decisions) this.#counted(this.#picture.task(taskId));
    this.#room = decided.room;
    return decided;
  }

  /** Limits how many tasks of a queue are assigned at the same time; what is assigned already stays. */
  limitQueues(limits: QueueLimits): void {
    this.#loads.limit(limits, this.#picture.tasks());
  }

  /** Assigned tasks whose specification is to be read, because some queue is limited and theirs is not known. */
  takeUncounted(countMax: number): readonly Candidate[] {
    return this.#loads.takeUnknown(countMax).map(candidateOf);
  }

  /** What reading an uncounted task gave. */
  learnQueue(candidate: Candidate, { spec }: TaskReading): void {
    const view = this.#picture.task(candidate.taskId);
    // Otherwise the task has finished meanwhile, and this is of another time.
    if (view?.candidate !== candidate) return;
    if (spec?.kind === 'found') this.#waiting.learnSpec(candidate, spec.value);
    this.#loads.learned(view, candidate.need?.queue);
  }

  /** The write of a decision was refused: the task waits again, at least `until`, unless it changed meanwhile. */
  release(taskId: TaskId, until: number): void {
    const view = this.#picture.task(taskId);
    const candidate = view?.candidate;
    if (view === undefined || candidate?.stage !== 'reserved') return;
    unseat(candidate);
    candidate.stage = 'away';
    candidate.notBefore = Math.max(candidate.notBefore, until);
    if (isPlannable(view)) this.#waiting.enter(candidate, this.#now);
    this.#counted(view);
  }

  /**
   * The tasks to be read next, oldest first. Nobody needs more while `lookahead` tasks that some worker serves are
   * ready, unless workers have room that none of these suits.
   */
  takeUnread(countMax: number, lookahead: number): readonly Candidate[] {
    if (this.#waiting.unread === 0) return none;
    if (this.#room === 'none' && this.#isEnough(lookahead)) return none;
    return this.#waiting.takeUnread(countMax);
  }

  /** What reading a task gave. A task that cannot be read stays away; says whether that is for good. */
  learnTask(candidate: Candidate, found: TaskReading): 'learned' | 'set aside' {
    // Whatever happened to the task meanwhile has ended its stage of being read.
    if (candidate.stage !== 'reading') return 'learned';
    const { spec, retry } = found;
    if (spec?.kind === 'unreadable' || retry?.kind === 'unreadable') {
      this.#waiting.leave(candidate);
      return 'set aside';
    }
    if (spec?.kind === 'found') this.#waiting.learnSpec(candidate, spec.value);
    if (retry !== undefined) candidate.learnRetry(retry.kind === 'found' ? retry.value : undefined);
    this.#waiting.enter(candidate, this.#now);
    return 'learned';
  }

  /** Living workers whose record is to be read now. */
  takeNewcomers(): readonly WorkerView[] {
    if (this.#newcomers.size === 0) return none;
    const taken = [...this.#newcomers];
    this.#newcomers.clear();
    return taken;
  }

  /** What a worker says of itself; says whether it is new to this term. */
  learnWorker(worker: WorkerView, record: WorkerRecord): 'new' | 'known' {
    const isKnown = this.#seats.get(worker.workerId) !== undefined;
    if (worker.alive) this.#seats.learn(worker, record);
    return isKnown ? 'known' : 'new';
  }

  /** Chores to be done now, at most `countMax`; each is in hand until `done` is called. */
  takeChores(countMax: number): readonly Chore[] {
    if (this.#care.size === 0) return none;
    const chores: Chore[] = [];
    for (const view of this.#care) {
      if (chores.length >= countMax) break;
      this.#care.delete(view);
      const chore = this.#inHand.has(view) ? undefined : this.#choreOf(view);
      if (chore === undefined) continue;
      this.#inHand.add(view);
      chores.push(chore);
    }
    return chores;
  }

  /** A chore was carried out, or refused because the task has changed. */
  done({ kind, view }: Chore): void {
    this.#inHand.delete(view);
    if (kind === 'relay_cancel' && view.phase === 'assigned') this.#relayed.add(view);
    else if (this.#needsCare(view)) this.#later.add(view);
  }

  /** Looks again at all that might have been overlooked: level-triggered, whatever events there were. */
  sweep(): void {
    for (const worker of this.#picture.workers.values()) {
      for (const taskId of worker.tasks) this.#lookAgain(this.#picture.task(taskId));
    }
    for (const view of this.#later) this.#lookAgain(view);
    this.#later.clear();
  }

  /** Folders that dead workers left behind, empty. */
  emptyFolders(): readonly string[] {
    const dead = [...this.#picture.workers.values()].filter((worker) => !worker.alive && worker.hasFolder);
    return dead.filter((worker) => worker.tasks.size === 0).map((worker) => worker.workerId);
  }

  /** Tasks that were seen with two assignments since the last call: invariant I3 is broken. */
  takeAssignedTwice(): readonly TaskId[] {
    return this.#twice.splice(0);
  }

  taskChanged(view: TaskView, before: Phase): void {
    this.#consider(view);
    this.#moved(view, before);
    this.#counted(view);
  }

  #moved(view: TaskView, before: Phase): void {
    const phase = view.phase;
    if (before === 'finished' && phase !== 'finished') this.shelf.remove();
    switch (phase) {
      case 'waiting':
        return this.#waits(view, before);
      case 'assigned':
        return this.#isAssigned(view);
      case 'finished':
        return before === 'finished' ? undefined : this.#hasFinished(view, before);
      case 'absent':
        return this.#forget(view);
      default:
        return unreachable(phase);
    }
  }

  retryWritten(view: TaskView): void {
    view.candidate?.retryWritten();
  }

  workerChanged(worker: WorkerView, what: 'came' | 'written' | 'went' | 'folder'): void {
    if (what === 'folder') return;
    if (what !== 'went') {
      this.#newcomers.add(worker);
      return;
    }
    this.#newcomers.delete(worker);
    this.#seats.remove(worker.workerId);
    for (const taskId of worker.tasks) this.#consider(this.#picture.task(taskId));
  }

  assignedTwice(view: TaskView): void {
    this.#twice.push(view.taskId);
  }

  #counted(view: TaskView | undefined): void {
    if (view !== undefined) this.#loads.update(view);
  }

  #isEnough(lookahead: number): boolean {
    const { ready, served } = this.counts;
    return (this.#seats.isEmpty ? ready : served) >= lookahead;
  }

  /** Takes a task as it is found when the term begins. */
  #adopt(view: TaskView): void {
    view.candidate = undefined;
    this.#consider(view);
    if (view.phase === 'finished') this.shelf.find(view);
    if (view.phase === 'waiting') this.#waits(view, 'absent');
  }

  #waits(view: TaskView, before: Phase): void {
    const candidate = candidateOf(view);
    if (!view.cancelWanted) {
      if (before !== 'waiting') this.#waiting.enter(candidate, this.#now);
    } else if (candidate.stage !== 'reserved') this.#waiting.leave(candidate);
  }

  #isAssigned(view: TaskView): void {
    const { candidate } = view;
    if (candidate === undefined) return;
    unseat(candidate);
    this.#waiting.leave(candidate);
  }

  #hasFinished(view: TaskView, before: Phase): void {
    const seat = before === 'assigned' ? this.#seats.get(view.workerId) : undefined;
    if (seat !== undefined) seat.finished += 1;
    this.shelf.add(view, this.#now);
    this.#forget(view);
  }

  #forget(view: TaskView): void {
    const { candidate } = view;
    if (candidate === undefined) return;
    unseat(candidate);
    this.#waiting.forget(candidate);
    view.candidate = undefined;
  }

  /** Marks a task that may need a chore. Cheap: called at every change of every task. */
  #consider(view: TaskView | undefined): void {
    if (view === undefined) return;
    if (this.#relayed.size > 0 && view.phase !== 'assigned') this.#relayed.delete(view);
    if (this.#needsCare(view)) this.#care.add(view);
  }

  #lookAgain(view: TaskView | undefined): void {
    if (view !== undefined && this.#choreOf(view) !== undefined) this.#care.add(view);
  }

  /** Cheap and generous; an assignment that outlives its task by the events of one write is left to `sweep`. */
  #needsCare(view: TaskView): boolean {
    if (view.cancelWanted) return true;
    if (view.finished) return view.retried;
    if (view.workerId === undefined) return view.retried && !view.asked;
    return this.#picture.workers.get(view.workerId)?.alive !== true;
  }

  #choreOf(view: TaskView): Chore | undefined {
    const { phase, workerId } = view;
    switch (phase) {
      case 'waiting':
        return view.cancelWanted && view.candidate?.stage !== 'reserved' ? { kind: 'end_waiting', view } : undefined;
      case 'assigned':
        return workerId === undefined ? undefined : this.#choreOfAssigned(view, workerId);
      case 'finished':
      case 'absent':
        return view.cancelWanted || view.retried || workerId !== undefined ? { kind: 'tidy', view } : undefined;
      default:
        return unreachable(phase);
    }
  }

  #choreOfAssigned(view: TaskView, workerId: string): Chore | undefined {
    if (this.#picture.workers.get(workerId)?.alive !== true) return { kind: 'move', view, workerId };
    return view.cancelWanted && !this.#relayed.has(view) ? { kind: 'relay_cancel', view, workerId } : undefined;
  }
}

const none: readonly never[] = [];

function isPlannable(view: TaskView): boolean {
  return view.phase === 'waiting' && !view.cancelWanted;
}

function unseat(candidate: Candidate): void {
  if (candidate.seat === undefined) return;
  candidate.seat.reserved -= 1;
  candidate.seat = undefined;
}

function candidateOf(view: TaskView): Candidate {
  if (view.candidate !== undefined) return view.candidate;
  const candidate = new Candidate(view.taskId);
  if (view.retried) candidate.retryWritten();
  view.candidate = candidate;
  return candidate;
}
