import { Chance } from './chance.ts';
import type { Deed, DeedName, Setup } from './plan.ts';
import { rounded } from './workload.ts';

/** What faults are made with. */
interface Making {
  readonly setup: Setup;
  readonly chance: Chance;
  readonly atMs: number;
  add(afterMs: number, name: DeedName, ...args: readonly (string | number)[]): void;
}

type Fault = (making: Making) => void;

/** Each kind of fault with how often it comes compared with the others; each ends by itself sooner or later. */
const faults: readonly (readonly [Fault, number])[] = [
  [crash, 10],
  [crashAll, 2],
  [split, 6],
  [oneWay, 4],
  [bridge, 3],
  [breakStreams, 3],
  [pause, 4],
  [slowDisk, 5],
  [failDisk, 2],
  [jump, 2],
  [badWeather, 4],
  [snapshot, 6],
  [reconfigure, 3],
];

/** How long a run is left alone at its beginning and its end, milliseconds. */
const CALM_MS = 800;
const CRASH_FIELDS_MAX = 5;

/** What goes wrong in a run. */
export function faultsOf(setup: Setup): Deed[] {
  const chance = new Chance(setup.seed, 'faults');
  const deeds: Deed[] = [];
  const everyMs = chance.one([400, 1_000, 2_500]);
  for (let atMs = CALM_MS; atMs < setup.lastsMs - CALM_MS; atMs += 10 + chance.wait(everyMs)) {
    const fault = chance.weighted(faults);
    const add: Making['add'] = (afterMs, name, ...args) => {
      deeds.push({ atMs: rounded(atMs + afterMs), name, args: args.map(String) });
    };
    fault({ setup, chance, atMs, add });
  }
  return deeds;
}

/** A member: often the leader, because that is where it hurts. */
function someone({ setup, chance }: Making): string {
  return chance.happens(0.35) ? 'leader' : String(chance.whole(1, setup.participants + setup.observers));
}

function memberId({ setup, chance }: Making): number {
  return chance.whole(1, setup.participants + setup.observers);
}

function everyone({ setup }: Making): number[] {
  return Array.from({ length: setup.participants + setup.observers }, (_, position) => position + 1);
}

/** The leader by its name cannot be started again by it: all that are down are. */
function restartAll(making: Making, afterMs: number): void {
  for (const id of everyone(making)) making.add(afterMs + making.chance.wait(100), 'start', id);
}

function crash(making: Making): void {
  const { chance, add } = making;
  const fields = chance.happens(0.7) ? [chance.whole(0, CRASH_FIELDS_MAX)] : [];
  add(0, 'crash', someone(making), ...fields);
  if (chance.happens(0.3)) add(chance.wait(200), 'crash', someone(making), ...fields);
  restartAll(making, chance.wait(chance.one([50, 600, 3_000])));
}

/** The power fails, for all or for most. */
function crashAll(making: Making): void {
  const { chance, add } = making;
  for (const id of everyone(making)) if (chance.happens(0.8)) add(chance.wait(5), 'crash', id);
  for (const id of everyone(making)) add(50 + chance.wait(400), 'start', id);
}

function split(making: Making): void {
  const { chance, add, setup } = making;
  const sides = everyone(making).map((id) => [id, chance.happens(0.5)] as const);
  const here = sides.filter(([, isHere]) => isHere).map(([id]) => String(id));
  const there = sides.filter(([, isHere]) => !isHere).map(([id]) => String(id));
  for (let client = 1; client <= setup.clients; client += 1) {
    const isHere = chance.happens(0.3);
    if (chance.happens(0.6)) (isHere ? here : there).push(`c${client}`);
  }
  add(0, 'block', here.join(','), there.join(','));
  add(0, 'block', there.join(','), here.join(','));
  add(chance.wait(2_000), 'heal');
}

function oneWay(making: Making): void {
  const { chance, add } = making;
  add(0, 'block', someone(making), everyone(making).join(','));
  add(chance.wait(2_000), 'heal');
}

/** Two halves that one member alone can still reach. */
function bridge(making: Making): void {
  const { chance, add } = making;
  const between = memberId(making);
  const others = everyone(making).filter((id) => id !== between);
  const cut = chance.whole(1, others.length);
  add(0, 'block', others.slice(0, cut).join(','), others.slice(cut).join(','));
  add(0, 'block', others.slice(cut).join(','), others.slice(0, cut).join(','));
  add(chance.wait(2_000), 'heal');
}

function breakStreams(making: Making): void {
  making.add(0, 'reset', memberId(making), memberId(making));
}

function pause(making: Making): void {
  making.add(0, 'pause', someone(making));
  making.add(making.chance.wait(1_500), 'resume', 'all');
}

function slowDisk(making: Making): void {
  const { chance, add } = making;
  const member = chance.happens(0.3) ? 'leader' : String(memberId(making));
  add(0, 'disk', member, chance.one(['slow', 'stuck']));
  const afterMs = chance.wait(1_000);
  for (const id of everyone(making)) add(afterMs, 'disk', id, 'well');
}

function failDisk(making: Making): void {
  const { chance, add } = making;
  const member = memberId(making);
  add(0, 'disk', member, 'failing');
  add(chance.wait(1_000), 'disk', member, 'well');
}

function jump(making: Making): void {
  const { chance, add } = making;
  add(0, 'jump', someone(making), chance.whole(-20_000, 20_000));
}

function badWeather(making: Making): void {
  const { chance, add } = making;
  add(0, 'weather', chance.one([0, 0.1, 0.5]), chance.one([0, 0.1]), chance.one([0.5, 5, 40]));
  add(chance.wait(3_000), 'weather', 0, 0, 0.5);
}

function snapshot(making: Making): void {
  making.add(0, 'snapshot', memberId(making));
}

/** A member gets another role, leaves, or comes back. */
function reconfigure(making: Making): void {
  const { chance, add, setup } = making;
  const role = chance.one(['participant', 'participant', 'observer', 'none']);
  add(0, 'reconfigure', `c${chance.whole(1, setup.clients)}`, memberId(making), role);
}
