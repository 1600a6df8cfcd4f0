import type { Told } from '../../told/told-process.ts';
import type { Library } from './member.ts';
import type { Visit } from './reeve/room.ts';

/** How one library takes part: with which recipe, and as what. */
export interface Seat {
  readonly library: Library;
  readonly kind: string;
  readonly options?: Told;
  /** `exclusive` unless given. */
  readonly as?: Visit['as'];
}

/** Recipes of several libraries that stand in one line: each must wait for the one before it, the first for the last. */
export interface Line {
  readonly title: string;
  readonly seats: readonly [Seat, Seat, ...Seat[]];
  /** Where their znodes are, below the path. */
  readonly below?: string;
  /** How many of those who share may have it at once; all of them unless given. */
  readonly shares?: number;
}

/**
 * Every line that programs of several libraries share. kazoo's ReadLock is not among them: it waits for the last writer
 * in line, also for one that came later, which waits for it (kazoo 2.8, `Lock._get_predecessor`).
 */
export const lines: readonly Line[] = [
  {
    title: "Curator's LeaderLatch and LeaderElection",
    seats: [
      { library: 'curator', kind: 'election' },
      { library: 'reeve', kind: 'election', options: { name: 'latch-' } },
    ],
  },
  {
    title: "Curator's LeaderSelector and LeaderElection",
    seats: [
      { library: 'curator', kind: 'selector' },
      { library: 'reeve', kind: 'election', options: { name: 'lock-' } },
    ],
  },
  {
    title: "kazoo's Election, which is its Lock, and LeaderElection",
    seats: [
      { library: 'kazoo', kind: 'mutex' },
      { library: 'reeve', kind: 'election', options: { name: '__lock__' } },
    ],
  },
  {
    title: "Curator's InterProcessMutex and Mutex",
    seats: [
      { library: 'curator', kind: 'mutex' },
      { library: 'reeve', kind: 'mutex' },
    ],
  },
  {
    title: "kazoo's Lock, told of our names, and Mutex",
    seats: [
      { library: 'kazoo', kind: 'mutex', options: { patterns: ['-lock-'] } },
      { library: 'reeve', kind: 'mutex' },
    ],
  },
  {
    title: "kazoo's Lock as it is, and Mutex told of its names",
    seats: [
      { library: 'kazoo', kind: 'mutex' },
      { library: 'reeve', kind: 'mutex', options: { name: '__lock__' } },
    ],
  },
  {
    title: "Curator's InterProcessMutex, kazoo's Lock with Curator's names, and Mutex",
    seats: [
      { library: 'curator', kind: 'mutex' },
      { library: 'kazoo', kind: 'curators_mutex' },
      { library: 'reeve', kind: 'mutex' },
    ],
  },
  {
    title: "Curator's InterProcessReadWriteLock and ReadWriteLock",
    seats: [
      { library: 'curator', kind: 'writers' },
      { library: 'reeve', kind: 'readers', as: 'shared' },
      { library: 'reeve', kind: 'writers' },
      { library: 'curator', kind: 'readers', as: 'shared' },
    ],
  },
  {
    title: "kazoo's WriteLock, told of our names, and ReadWriteLock",
    seats: [
      { library: 'kazoo', kind: 'writers', options: { patterns: ['__READ__', '__WRIT__'] } },
      { library: 'reeve', kind: 'readers', as: 'shared' },
      { library: 'reeve', kind: 'writers' },
    ],
  },
  {
    title: "Curator's InterProcessSemaphoreV2 and Semaphore",
    seats: [
      { library: 'curator', kind: 'semaphore', as: 'shared' },
      { library: 'reeve', kind: 'semaphore', as: 'shared' },
    ],
    below: '/leases',
    shares: 1,
  },
];

/** Who is killed, and who of another library waits for what it has. */
export interface Death {
  readonly title: string;
  readonly line: Line;
  readonly victim: Seat;
  readonly heir: Seat;
}

/** Every death that somebody waits for. */
export const deaths: readonly Death[] = lines.flatMap((line) =>
  line.seats.flatMap((victim) =>
    line.seats
      .filter((heir) => heir.library !== victim.library && waitsFor(line, heir, victim))
      .map((heir) => ({ title: line.title, line, victim, heir })),
  ),
);

/** Two that share need not wait for each other, unless there is but one share. */
function waitsFor({ shares }: Line, ...seats: readonly Seat[]): boolean {
  return shares === 1 || seats.some(({ as }) => as !== 'shared');
}
