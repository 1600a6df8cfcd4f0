import { SimulatorError } from './simulator-error.ts';

/** What a run is made of before anything happens in it. */
export interface Setup {
  readonly seed: number;
  readonly participants: number;
  readonly observers: number;
  readonly clients: number;
  /** How long it lasts before everything is made well again, milliseconds. */
  readonly lastsMs: number;
  /** How long a sync of a disk takes on average, milliseconds. */
  readonly syncMs: number;
  readonly recentEntriesMax: number;
  readonly learnerBacklogBytesMax: number;
  /** The counter of a zxid from which on a leader goes over to the next epoch. */
  readonly counterRollAt: number;
}

/** Something that is done to the world at a time. */
export interface Deed {
  readonly atMs: number;
  readonly name: DeedName;
  readonly args: readonly string[];
}

/** A run, whole: the same plan gives the same run. */
export interface Plan {
  readonly setup: Setup;
  readonly deeds: readonly Deed[];
}

/** What can be done to the world; docs/simulator.md explains each. */
export const deedNames = [
  'crash',
  'start',
  'pause',
  'resume',
  'jump',
  'block',
  'heal',
  'reset',
  'weather',
  'disk',
  'snapshot',
  'ask',
  'close',
  'move',
  'leave',
  'reconfigure',
] as const;
/** One of them. */
export type DeedName = (typeof deedNames)[number];

const setupKeys = [
  'seed',
  'participants',
  'observers',
  'clients',
  'lastsMs',
  'syncMs',
  'recentEntriesMax',
  'learnerBacklogBytesMax',
  'counterRollAt',
] as const satisfies (keyof Setup)[];

/** A plan as text: what is set up, a line each, and the deeds with their times. */
export function planText({ setup, deeds }: Plan): string {
  const head = setupKeys.map((key) => `${key} ${setup[key]}`);
  return `${[...head, '', ...deeds.map(deedText)].join('\n')}\n`;
}

/** A deed as text. */
function deedText({ atMs, name, args }: Deed): string {
  return [atMs, name, ...args].join(' ');
}

/**
 * Reads a plan; lines that begin with `#` are comments.
 *
 * @throws SimulatorError when a line is neither
 */
export function parsePlan(text: string): Plan {
  const setup = new Map<string, number>();
  const deeds: Deed[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [first = '', ...rest] = line.trim().split(/\s+/);
    if (first === '' || first.startsWith('#')) continue;
    if (/^[\d.]+$/.test(first))
      deeds.push({ atMs: Number(first), name: deedName(rest[0], index + 1), args: rest.slice(1) });
    else setup.set(first, Number(rest[0]));
  }
  return { setup: setupOf(setup), deeds };
}

function deedName(word: string | undefined, line: number): DeedName {
  const name = deedNames.find((known) => known === word);
  if (name === undefined) {
    throw new SimulatorError(
      { code: 'plan_invalid', line },
      `line ${line} of the plan: there is no deed ${word}; there are ${deedNames.join(', ')}`,
    );
  }
  return name;
}

function setupOf(given: ReadonlyMap<string, number>): Setup {
  const setup: Record<string, number> = {};
  for (const key of setupKeys) {
    const value = given.get(key);
    if (value === undefined || Number.isNaN(value)) {
      throw new SimulatorError(
        { code: 'plan_invalid', line: 1 },
        `the plan does not say ${key}: add a line "${key} <number>"`,
      );
    }
    setup[key] = value;
  }
  return setup as unknown as Setup;
}
