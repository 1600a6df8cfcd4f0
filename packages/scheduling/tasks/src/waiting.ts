import { type Candidate, isOlder } from './candidate.ts';
import { Heap } from './heap.ts';
import { Lane } from './lane.ts';
import { Line } from './line.ts';
import { type Need, needOf } from './need.ts';
import type { TaskSpec } from './task.ts';

/** The tasks that wait, in the order in which they are read, become due, and start. */
export class Waiting {
  /** One for each need, by its key. */
  readonly #needs = new Map<string, Need>();
  readonly #lanes = new Map<Need, Lane>();
  readonly #unread = new Line<Candidate>(isOlder);
  readonly #delayed = new Heap<Delay>((a, b) => a.until < b.until);
  readonly #onLane: (lane: Lane) => void;
  #unreadCount = 0;

  /** @param onLane is called with each new lane, before a task enters it */
  constructor(onLane: (lane: Lane) => void) {
    this.#onLane = onLane;
  }

  lanes(): Iterable<Lane> {
    return this.#lanes.values();
  }

  /** How many tasks wait whose specification or retry record was not read yet. */
  get unread(): number {
    return this.#unreadCount;
  }

  /** When the next delayed task becomes due; undefined when none is delayed. */
  get dueAt(): number | undefined {
    return this.#firstDelayed()?.until;
  }

  /** A task waits: to be read, to become due, or to start. */
  enter(candidate: Candidate, now: number): void {
    if (candidate.stage !== 'away' && candidate.stage !== 'reading' && candidate.stage !== 'reserved') return;
    if (candidate.need === undefined || candidate.retryUnread) return this.#enterUnread(candidate);
    if (candidate.notBefore <= now) return this.#laneOf(candidate)?.add(candidate);
    candidate.stage = 'delayed';
    this.#delayed.push({ candidate, until: candidate.notBefore });
  }

  /** A task waits no longer. */
  leave(candidate: Candidate): void {
    if (candidate.stage === 'unread') this.#unreadCount -= 1;
    if (candidate.stage === 'ready') this.#laneOf(candidate)?.drop(candidate);
    candidate.stage = 'away';
  }

  /** The oldest tasks whose records are to be read next; they count as being read until they enter again or leave. */
  takeUnread(countMax: number): readonly Candidate[] {
    const taken: Candidate[] = [];
    while (taken.length < countMax) {
      const candidate = this.#unread.pop();
      if (candidate === undefined) break;
      if (candidate.stage !== 'unread') continue;
      candidate.beginReading();
      this.#unreadCount -= 1;
      taken.push(candidate);
    }
    return taken;
  }

  learnSpec(candidate: Candidate, spec: TaskSpec): void {
    if (candidate.need !== undefined) return;
    const lane = this.#laneFor(needOf(spec));
    lane.members += 1;
    candidate.learnSpec(spec, lane.need);
  }

  /** Makes the delayed tasks ready whose time has come. */
  wake(now: number): void {
    for (let first = this.#firstDelayed(); first !== undefined; first = this.#firstDelayed()) {
      if (first.until > now) return;
      this.#delayed.pop();
      this.#laneOf(first.candidate)?.add(first.candidate);
    }
  }

  /** Nothing more is to be known of a task: its candidate is not used again. */
  forget(candidate: Candidate): void {
    this.leave(candidate);
    const lane = this.#laneOf(candidate);
    if (lane === undefined) return;
    candidate.need = undefined;
    lane.members -= 1;
    if (lane.members > 0) return;
    this.#lanes.delete(lane.need);
    this.#needs.delete(keyOf(lane.need));
  }

  #enterUnread(candidate: Candidate): void {
    candidate.stage = 'unread';
    this.#unreadCount += 1;
    this.#unread.push(candidate);
  }

  #firstDelayed(): Delay | undefined {
    for (;;) {
      const first = this.#delayed.peek();
      if (first === undefined || isCurrent(first)) return first;
      this.#delayed.pop();
    }
  }

  #laneOf({ need }: Candidate): Lane | undefined {
    return need === undefined ? undefined : this.#lanes.get(need);
  }

  #laneFor(need: Need): Lane {
    const key = keyOf(need);
    const known = this.#needs.get(key);
    if (known !== undefined) return this.#lanes.get(known) as Lane;
    const lane = new Lane(need);
    this.#needs.set(key, need);
    this.#lanes.set(need, lane);
    this.#onLane(lane);
    return lane;
  }
}

/** A wait that was begun; a task that left and came back may have begun another one. */
type Delay = { readonly candidate: Candidate; readonly until: number };

function isCurrent({ candidate, until }: Delay): boolean {
  return candidate.stage === 'delayed' && candidate.notBefore === until;
}

function keyOf({ queue, repeat, handler }: Need): string {
  return `${queue} ${repeat} ${handler ?? ''}`;
}
