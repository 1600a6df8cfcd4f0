import { CheckedStore, eventually, type Holder, Holders, leftSince } from '@reeve/testkit';
import { type Court, Drill, pause, type Turn, unlessStorm } from './drill.ts';
import { SESSION_MS } from './party.ts';

/** A right that somebody was given. */
export interface Held {
  readonly fence: number;
  /** May change the store, which nobody else may use meanwhile; or only looks at it, which others may as well. */
  readonly share: 'exclusive' | 'shared';
  /** Which of several things it is about, where a right may be about several. */
  readonly about?: readonly string[];
  /** Whether it says that it holds. */
  holds(): boolean;
  /** Gives it back. */
  end(): Promise<void>;
}

/** How long somebody waits for a right. */
export interface Patience {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
}

/** How one kind of right is asked for, with the znode that stands for it. */
export type Ask = (turn: Turn, path: string, patience: Patience) => Promise<Held>;

type Presence = Holder & Pick<Held, 'share' | 'about'>;

/** Which of several may hold at once. */
export const together = {
  one: (all: readonly Presence[]) => all.length <= 1,
  readersOrOneWriter: (all: readonly Presence[]) => all.length <= 1 || all.every(({ share }) => share === 'shared'),
  oneOfEach: (all: readonly Presence[]) => {
    const about = all.flatMap((one) => one.about ?? []);
    return new Set(about).size === about.length;
  },
  atMost: (count: number) => (all: readonly Presence[]) => all.length <= count,
};

/** What is special about one kind of right. */
export interface ExclusionFacts {
  readonly claim: string;
  readonly root: string;
  readonly ask: Ask;
  readonly allowed: (all: readonly Presence[]) => boolean;
  /** Whether a holder is alone, so that the fence can refuse who comes late. */
  readonly store: 'fenced' | 'none';
  /** How many may hold at once who all ask for the same; 1 unless given. */
  readonly seats?: number;
  /** Znodes below the root that stay, as the documentation says; none unless given. */
  readonly keeps?: readonly string[];
}

/** Everybody wants the same right, gives up at times, and holds on to it too long at others. */
export class ExclusionDrill extends Drill {
  readonly #facts: ExclusionFacts;
  readonly #holders: Holders<Presence>;
  readonly #store = new CheckedStore();

  constructor(facts: ExclusionFacts) {
    super(facts);
    this.#facts = facts;
    this.#holders = new Holders(facts.allowed);
  }

  override get violations(): readonly string[] {
    return [...super.violations, ...this.#holders.violations, ...this.#store.violations];
  }

  override get deeds(): number {
    return this.#holders.entered;
  }

  override get keeps(): readonly string[] {
    return ['', ...(this.#facts.keeps ?? [])].map((path) => this.root + path);
  }

  override async play(turn: Turn): Promise<void> {
    while (!turn.over.aborted) {
      const held = await unlessStorm(this.#ask(turn, patienceOf(turn)));
      if (held !== undefined) await this.#use(turn, held);
      await pause(turn, 100);
    }
  }

  override async finish(turn: Turn): Promise<void> {
    const held = await this.#ask(turn, { signal: turn.over });
    this.#write(turn, held);
    await held.end();
  }

  /** Who gives up waiting must leave nothing behind, not even while the right is held by somebody else. */
  override async judge({ witness, rival, traces }: Court): Promise<void> {
    const { seats = 1 } = this.#facts;
    const signal = AbortSignal.timeout(10_000);
    // Always the same draw: everybody asks for the same.
    const turn = { name: 'witness', parties: 1, over: signal, random: () => 0.65 };
    const held: Held[] = [];
    while (held.length < seats) held.push(await this.#ask({ ...turn, client: witness }, { signal }));
    const before = await traces();
    const waited = await unlessStorm(this.#ask({ ...turn, client: rival }, { signal, timeoutMs: 300 }));
    if (waited !== undefined) this.violated('somebody got what others hold');
    let left: readonly string[] = [];
    const nothing = async () => {
      left = leftSince(before, await traces());
      return left.length === 0;
    };
    await eventually(nothing, { what: 'nothing is left', deadlineMs: 3_000 }).catch(() => undefined);
    if (left.length > 0) this.violated(`who gives up waiting leaves ${left}`);
    for (const one of held) await one.end();
  }

  async #ask(turn: Turn, patience: Patience): Promise<Held> {
    const { ask, root } = this.#facts;
    const held = await ask(turn, root, patience);
    this.#holders.enter({ ...held, name: turn.name, believes: () => held.holds() });
    return held;
  }

  async #use(turn: Turn, held: Held): Promise<void> {
    const written = this.#store.written;
    for (let uses = 1 + Math.floor(turn.random() * 3); uses > 0 && held.holds(); uses -= 1) {
      this.#write(turn, held);
      await pause(turn, 60);
      await this.#insist(turn, held);
    }
    if (held.share === 'shared' && held.holds() && this.#store.written !== written) {
      this.violated(`${turn.name} reads with fence ${held.fence} while somebody writes`);
    }
    if (turn.random() < 0.05) {
      // One that does not look at what it holds, and is slow: only the fence stands against it.
      await pause(turn, 2 * SESSION_MS);
      if (held.share === 'exclusive') this.#store.write({ writer: turn.name, fence: held.fence });
    }
    await held.end();
  }

  /** Out of touch, whoever holds goes on for as long as it may: until it is told otherwise, or in touch again. */
  async #insist(turn: Turn, held: Held): Promise<void> {
    while (turn.client.state !== 'connected' && held.holds() && !turn.over.aborted) {
      this.#write(turn, held);
      await pause(turn, 60);
    }
  }

  #write({ name }: Turn, held: Held): void {
    if (this.#facts.store === 'none' || held.share === 'shared' || !held.holds()) return;
    if (this.#store.write({ writer: name, fence: held.fence }) === 'written') return;
    this.violated(`${name} believes to hold with fence ${held.fence}, but somebody has written with a higher one`);
  }
}

/** Most wait; some give up after a time or at any moment. */
function patienceOf({ random, over }: Turn): Patience {
  const draw = random();
  if (draw < 0.4) return { signal: over };
  if (draw < 0.5) return { signal: over, timeoutMs: 0 };
  if (draw < 0.8) return { signal: over, timeoutMs: Math.floor(random() * 400) };
  return { signal: AbortSignal.any([over, AbortSignal.timeout(Math.floor(random() * 200))]) };
}
