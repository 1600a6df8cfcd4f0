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

/** Recipes of several libraries that stand in one line. */
export interface Line {
  readonly title: string;
  readonly seats: readonly [Seat, Seat, ...Seat[]];
  /** Where their znodes are, below the path. */
  readonly below?: string;
  /** How many may have it at once when they take turns; all of them unless given, which says nothing of who is alone. */
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
    title: "Curator's InterProcessReadWriteLock: they write, we read",
    seats: [
      { library: 'curator', kind: 'writers' },
      { library: 'reeve', kind: 'readers', as: 'shared' },
    ],
  },
  {
    title: "Curator's InterProcessReadWriteLock: they read, we write",
    seats: [
      { library: 'curator', kind: 'readers', as: 'shared' },
      { library: 'reeve', kind: 'writers' },
    ],
  },
  {
    title: "kazoo's WriteLock and our readers",
    seats: [
      { library: 'kazoo', kind: 'writers', options: { patterns: ['__READ__', '__WRIT__'] } },
      { library: 'reeve', kind: 'readers', as: 'shared' },
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
