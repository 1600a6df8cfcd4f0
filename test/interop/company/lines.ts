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

/** Every line that programs of several libraries share. */
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
];
