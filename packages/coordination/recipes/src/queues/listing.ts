import { priorityOf } from './queue-layout.ts';

/** With a longer list, items put since it was made are met with only after a share of it, or a time. */
const SHORT = 64;
const SHARE = 8;
/** How long a long list is used at most, milliseconds. */
const AGE_MS_MAX = 1_000;
/** Among how many items of the same priority one who was forestalled chooses at most, for each one he wants. */
const SPREAD_MAX = 64;

/**
 * What can be taken, as a list once said, the first one first. A short list is made anew for each turn, so that what
 * is urgent goes first; a long one serves for many turns.
 *
 * Who finds that others were faster looks further down the list, within one priority, and further the more often it
 * happens: so many who take at once do not run after the same item.
 */
export class Listing {
  readonly #names: readonly string[];
  readonly #gone = new Set<string>();
  readonly #usesMax: number;
  readonly #until: number;
  #at = 0;
  #uses = 0;

  /** @param now milliseconds of any clock */
  constructor(entries: readonly string[], taken: readonly string[], now: number) {
    const isTaken = new Set(taken);
    this.#names = entries.filter((name) => !isTaken.has(name) && priorityOf(name) !== undefined).sort();
    this.#usesMax = this.#names.length <= SHORT ? 0 : this.#names.length / SHARE;
    this.#until = now + AGE_MS_MAX;
  }

  /** Whether another turn may be taken by this list. */
  serves(now: number): boolean {
    return this.#uses <= this.#usesMax && now < this.#until && this.#first() < this.#names.length;
  }

  /**
   * The next `count` that can be taken; fewer where there are no more. With a `spread` above 1 chance chooses them among
   * so many times as many, of one priority.
   */
  next(
    count: number,
    { spread, random }: { readonly spread: number; readonly random: () => number },
  ): readonly string[] {
    this.#uses += count;
    const candidates = this.ahead(count * spread);
    const priority = priorityOf(candidates[0] ?? '');
    const next = candidates.findIndex((name, at) => at >= count && priorityOf(name) !== priority);
    const room = (next === -1 ? candidates.length : next) - count;
    const from = room <= 0 ? 0 : Math.floor(random() * (room + 1));
    return candidates.slice(from, from + count);
  }

  /** The first `count` that can be taken. */
  ahead(count: number): readonly string[] {
    const found: string[] = [];
    for (let at = this.#first(); at < this.#names.length && found.length < count; at += 1) {
      const name = this.#names[at] as string;
      if (!this.#gone.has(name)) found.push(name);
    }
    return found;
  }

  /** These are taken, or gone. */
  drop(names: readonly string[]): void {
    for (const name of names) this.#gone.add(name);
  }

  #first(): number {
    while (this.#at < this.#names.length && this.#gone.has(this.#names[this.#at] as string)) this.#at += 1;
    return this.#at;
  }
}

/** How far one looks down the list, after having been forestalled or not. */
export function nextSpread(spread: number, turn: 'forestalled' | 'taken'): number {
  return turn === 'forestalled' ? Math.min(SPREAD_MAX, spread * 2) : Math.max(1, spread - 1);
}
