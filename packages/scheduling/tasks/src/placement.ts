import type { Candidate } from './candidate.ts';
import { goesFirst } from './candidate.ts';
import { Heap } from './heap.ts';
import type { Lane } from './lane.ts';
import type { PrefetchLimits, Seat } from './seat.ts';
import type { Assignment, TaskId } from './task.ts';

/** How much one plan decides. */
export interface PlanLimits {
  readonly decisionsMax: number;
  readonly prefetch: PrefetchLimits;
}

/** A task and the worker that is to run it. */
export interface Decision {
  readonly taskId: TaskId;
  readonly workerId: string;
  readonly assignment: Assignment;
}

/** What a plan is made of: the lanes in which tasks wait, the living workers, and the limits of queues. */
export interface Floor {
  readonly lanes: Iterable<Lane>;
  readonly seats: Iterable<Seat>;
  /** How many more tasks of a queue may be assigned; of any other queue, as many as workers have room for. */
  readonly rooms: ReadonlyMap<string, number>;
}

/** What a plan decided, and whether workers have room that no ready task suits. */
export interface Plan {
  readonly decisions: readonly Decision[];
  readonly room: 'none' | 'left';
}

/**
 * Gives ready tasks to workers: of all tasks that some worker has room for, the one that goes first, to the worker with
 * the least load by slot. A queue that has reached its limit waits. Takes the tasks out of their lanes and reserves the
 * seats. The same floor gives the same plan.
 */
export function plan(floor: Floor, limits: PlanLimits, now: number): Plan {
  const room = roomOf(floor.seats, limits, now);
  if (room === 0) return { decisions: [], room: 'none' };
  const rooms = new Map(floor.rooms);
  const open = openLanes(floor.lanes);
  const decisions: Decision[] = [];
  while (decisions.length < limits.decisionsMax) {
    const first = open.peek();
    if (first === undefined) break;
    const { queue } = first.lane.need;
    const left = rooms.get(queue);
    const seat = left === 0 ? undefined : first.queue.next();
    if (seat === undefined) open.pop();
    else {
      decisions.push(reserve(first.lane, seat));
      if (left !== undefined) rooms.set(queue, left - 1);
      reorder(open, first);
    }
  }
  return { decisions, room: decisions.length < Math.min(room, limits.decisionsMax) ? 'left' : 'none' };
}

function roomOf(seats: Iterable<Seat>, limits: PlanLimits, now: number): number {
  let room = 0;
  for (const seat of seats) {
    seat.look(now, limits.prefetch);
    room += seat.room('repeatable');
  }
  return room;
}

type OpenLane = { readonly lane: Lane; readonly queue: SeatQueue; head: Candidate };

function openLanes(lanes: Iterable<Lane>): Heap<OpenLane> {
  const open = new Heap<OpenLane>((a, b) => goesFirst(a.head, b.head));
  for (const lane of lanes) {
    if (lane.ready === 0 || lane.seats.length === 0) continue;
    const head = lane.peek();
    if (head !== undefined) open.push({ lane, queue: new SeatQueue(lane), head });
  }
  return open;
}

function reserve(lane: Lane, seat: Seat): Decision {
  const candidate = lane.take() as Candidate;
  candidate.stage = 'reserved';
  candidate.seat = seat;
  seat.reserve();
  return { taskId: candidate.taskId, workerId: seat.worker.workerId, assignment: candidate.assignment };
}

/** The lane at the top has given its head away. */
function reorder(open: Heap<OpenLane>, first: OpenLane): void {
  const head = first.lane.peek();
  if (head === undefined) {
    open.pop();
    return;
  }
  first.head = head;
  open.settleFirst();
}

type Rank = { readonly seat: Seat; pressure: number; lastGiven: number };

/** The workers of a lane, the least loaded first. Ranks are brought up to date when they come to the top. */
class SeatQueue {
  readonly #lane: Lane;
  #ranks: Heap<Rank> | undefined;

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  /** Who is to be given the next task; undefined when nobody has room. */
  next(): Seat | undefined {
    this.#ranks ??= ranked(this.#lane.seats);
    for (;;) {
      const first = this.#ranks.peek();
      if (first === undefined) return undefined;
      if (first.seat.room(this.#lane.need.repeat) === 0) this.#ranks.pop();
      else if (isCurrent(first)) return first.seat;
      else {
        first.pressure = first.seat.pressure;
        first.lastGiven = first.seat.lastGiven;
        this.#ranks.settleFirst();
      }
    }
  }
}

function ranked(seats: readonly Seat[]): Heap<Rank> {
  const ranks = new Heap<Rank>(isLighter);
  for (const seat of seats) ranks.push({ seat, pressure: seat.pressure, lastGiven: seat.lastGiven });
  return ranks;
}

function isCurrent({ seat, pressure, lastGiven }: Rank): boolean {
  return seat.pressure === pressure && seat.lastGiven === lastGiven;
}

function isLighter(a: Rank, b: Rank): boolean {
  return a.pressure === b.pressure ? a.lastGiven < b.lastGiven : a.pressure < b.pressure;
}
