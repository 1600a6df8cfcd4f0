import { Chance } from './chance.ts';
import type { Deed, Setup } from './plan.ts';
import type { Wish } from './requests.ts';

/** What clients wish for, and how often compared with each other. */
const weights: readonly (readonly [Wish, number])[] = [
  ['set', 20],
  ['cas', 8],
  ['create', 10],
  ['delete', 5],
  ['ephemeral', 6],
  ['sequential', 2],
  ['multi', 5],
  ['read', 10],
  ['syncread', 12],
  ['watch', 6],
  ['children', 2],
];
/** Few, so that clients meet. */
const paths = ['/a', '/b', '/c', '/d'];
const ephemeralPaths = ['/e1', '/e2', '/e3'];
/** Before it there is hardly a leader. */
const FIRST_MS = 200;
const MOVE_EVERY_MS = 9_000;

/** What the clients do in a run. */
export function workload({ seed, clients, lastsMs }: Setup): Deed[] {
  const deeds: Deed[] = [];
  for (let number = 1; number <= clients; number += 1) {
    const chance = new Chance(seed, `workload ${number}`);
    const pauseMs = chance.one([40, 200, 600]);
    let moveMs = chance.wait(MOVE_EVERY_MS);
    for (let atMs = FIRST_MS; atMs < lastsMs; atMs += 1 + chance.wait(pauseMs)) {
      const client = `c${number}`;
      if (atMs > moveMs) {
        moveMs = atMs + chance.wait(MOVE_EVERY_MS);
        deeds.push({ atMs: rounded(atMs), name: chance.happens(0.8) ? 'move' : 'close', args: [client] });
      } else deeds.push({ atMs: rounded(atMs), name: 'ask', args: [client, ...asked(chance)] });
    }
  }
  return deeds;
}

/** Times in a plan are short to write. */
export function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function asked(chance: Chance): [Wish, string] {
  const wish = chance.weighted(weights);
  return [wish, chance.one(wish === 'ephemeral' ? ephemeralPaths : paths)];
}
