import { invariant } from '@reeve/base';

/** Names times members, at the most: what one sort can bear, and a number can hold beside 29 bits of affinity. */
const PAIRS_MAX = 2 ** 24;

/**
 * Splits names over members: each has as many as any other, or one more. Whoever computes it for the same names and
 * members comes to the same result, and when a member comes or goes few names move: each name has an affinity to each
 * member, and the strongest that finds room wins.
 */
export function evenSplit(
  names: readonly string[],
  members: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const split = new Map<string, string[]>(members.map((member) => [member, []]));
  if (members.length === 0) return split;
  const owners = [...members].sort();
  const due = [...new Set(names)].sort();
  const floor = Math.floor(due.length / owners.length);
  let withOneMore = due.length % owners.length;
  const taken = new Uint8Array(due.length);
  for (const pair of byAffinity(due, owners)) {
    const at = Math.floor(pair / owners.length);
    const owned = split.get(owners[pair % owners.length] as string) as string[];
    const isFull = owned.length > floor || (owned.length === floor && withOneMore === 0);
    if (taken[at] === 1 || isFull) continue;
    if (owned.length === floor) withOneMore -= 1;
    taken[at] = 1;
    owned.push(due[at] as string);
  }
  return split;
}

/** All pairs of name and member as `name × members + member`, the strongest first. */
function* byAffinity(names: readonly string[], members: readonly string[]): Generator<number> {
  const pairs = names.length * members.length;
  invariant(pairs <= PAIRS_MAX, 'names times members are no more than 16 million');
  const ranked = new Float64Array(pairs);
  const seeds = members.map((member) => hash(member, FNV_BASIS));
  for (const [n, name] of names.entries()) {
    for (const [m, seed] of seeds.entries()) {
      const pair = n * members.length + m;
      ranked[pair] = (mixed(hash(name, seed)) >>> 3) * PAIRS_MAX + pair;
    }
  }
  ranked.sort();
  for (let at = pairs - 1; at >= 0; at -= 1) yield (ranked[at] as number) % PAIRS_MAX;
}

const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** FNV-1a over the UTF-16 units of a text. */
function hash(text: string, basis: number): number {
  let sum = basis;
  for (let at = 0; at < text.length; at += 1) sum = Math.imul(sum ^ text.charCodeAt(at), FNV_PRIME);
  return sum;
}

/** The end of MurmurHash3: each bit of the sum changes half the bits of the result. */
function mixed(sum: number): number {
  let bits = sum;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
