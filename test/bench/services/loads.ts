import type { Unit } from './figures.ts';
import type { ToldBySide } from './side.ts';

/** What a client answers: how long each took, or how much was done. */
export type Answer = Readonly<Record<string, number | readonly number[]>>;

/** One figure of a load: its title, and where it is found in the answer. */
export interface Figure {
  readonly title: string;
  readonly unit: Unit;
  readonly of: string;
}

/** What a client of each side is told to do, on a path of its own, and what is learnt. */
export interface Load {
  readonly told: ToldBySide;
  readonly figures: readonly Figure[];
}

const SESSIONS = 10;
const HAND_OVERS = 200;
const ADD_SECONDS = 3;
/** Curator's acknowledged queue is slow: more items would take minutes. */
const QUEUE_ITEMS = 1_000;
const ITEM_BYTES = 128;
const PUBLICATIONS = 10;
const CONSUMERS = 4;
const ITEMS_AT_ONCE = 16;

const both = (told: Record<string, unknown>): ToldBySide => ({ reeve: told, curator: told });

function handOver(waiters: number): Load {
  const told = { what: 'handOver', waiters, sessions: Math.min(SESSIONS, waiters + 1), count: HAND_OVERS };
  return { told: both(told), figures: [{ title: `lock hand-over, ${waiters} waiters`, unit: 'ms', of: 'tookMs' }] };
}

function add(adders: number): Load {
  const title = adders === 1 ? 'counter, one session' : `counter, ${adders} sessions contending`;
  const figures: readonly Figure[] = [
    { title, unit: '/s', of: 'perS' },
    { title: `${title}: one addition`, unit: 'ms', of: 'tookMs' },
  ];
  return { told: both({ what: 'add', adders, seconds: ADD_SECONDS }), figures };
}

const queueFigures = (title: string): readonly Figure[] => [
  { title: `${title}: put`, unit: '/s', of: 'putPerS' },
  { title: `${title}: taken`, unit: '/s', of: 'takePerS' },
];

const items = { items: QUEUE_ITEMS, bytes: ITEM_BYTES };

/** What can be measured, by the names of the command line. */
export const chapters: Readonly<Record<string, readonly Load[]>> = {
  locks: [handOver(2), handOver(50), handOver(500)],
  counters: [
    add(1),
    add(SESSIONS),
    {
      told: { reeve: { what: 'mergedAdd', adders: 1, seconds: ADD_SECONDS } },
      figures: [{ title: 'counter, 100 callers of one session', unit: '/s', of: 'perS' }],
    },
    {
      told: { reeve: { what: 'range', adders: SESSIONS, seconds: ADD_SECONDS } },
      figures: [{ title: `numbers of a sequence range, ${SESSIONS} sessions`, unit: '/s', of: 'perS' }],
    },
  ],
  queues: [
    {
      told: both({ what: 'queue', consumers: CONSUMERS, atOnce: 1, ...items }),
      figures: queueFigures(`queue, acknowledged, ${CONSUMERS} consumers`),
    },
    {
      told: {
        reeve: { what: 'queue', consumers: CONSUMERS, atOnce: ITEMS_AT_ONCE, ...items },
        curator: { what: 'simpleQueue', consumers: CONSUMERS, ...items },
      },
      figures: queueFigures(`queue, ${ITEMS_AT_ONCE} items at once; SimpleDistributedQueue`),
    },
  ],
};

/** A load whose subscribers are there before. */
export interface Publication extends Load {
  readonly subscribe: ToldBySide;
}

/** Publishing to followers, and to followers who report what they have applied, which Curator's caches do not. */
export function publishing(subscribers: number): readonly Publication[] {
  const title = `publish to the last of ${subscribers} subscribers`;
  const told = { what: 'publish', count: PUBLICATIONS };
  return [
    {
      subscribe: both({ what: 'subscribe', report: 'off' }),
      told: both(told),
      figures: [{ title, unit: 'ms', of: 'tookMs' }],
    },
    {
      subscribe: { reeve: { what: 'subscribe', report: 'on' } },
      told: { reeve: told },
      figures: [{ title: `${title}, each of which reports it`, unit: 'ms', of: 'tookMs' }],
    },
  ];
}
