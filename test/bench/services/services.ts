import { endTest } from '@reeve/testkit';
import type { ToldProcess } from '../../told/told-process.ts';
import { afterKill, VICTIM_SESSION_MS } from './deaths.ts';
import { ratio, type Samples, worded } from './figures.ts';
import { type Answer, chapters, type Figure, type Load, publishing } from './loads.ts';
import { compileCurator, Side, type SideName, sideKinds } from './side.ts';

/** How long the sessions of clients last that nobody kills, milliseconds. */
const SESSION_MS = 30_000;

/** What is measured of the services. */
export interface ServicesOptions {
  readonly reps: number;
  /** Names of sides, the first one compared with the second. */
  readonly sides: readonly SideName[];
  /** Names of chapters: see `chapterNames`. */
  readonly only: readonly string[];
  readonly subscribers: number;
  /** How many sessions the subscribers share. */
  readonly sessions: number;
}

/** What can be measured, by name. */
export const chapterNames: readonly string[] = [...Object.keys(chapters), 'publish', 'deaths'];

/** Measures the services of each side in turn, on one machine, and says what came of it as a table. */
export async function benchServices(options: ServicesOptions, say: (line: string) => void): Promise<void> {
  const { classes, remove } = await compileCurator();
  const sides: Side[] = [];
  try {
    for (const name of options.sides) sides.push(await Side.start(name, classes));
    say(`| | ${options.sides.map((name) => sideKinds[name].title).join(' | ')} | ratio |`);
    say(`|---|${options.sides.map(() => '---|').join('')}---|`);
    const bench = new ServicesBench(sides, options, say);
    for (const name of options.only) await bench.chapter(name);
  } finally {
    await endTest();
    for (const side of sides) await side.stop();
    remove();
  }
}

class ServicesBench {
  readonly #sides: readonly Side[];
  readonly #options: ServicesOptions;
  readonly #say: (line: string) => void;
  #paths = 0;

  constructor(sides: readonly Side[], options: ServicesOptions, say: (line: string) => void) {
    this.#sides = sides;
    this.#options = options;
    this.#say = say;
  }

  async chapter(name: string): Promise<void> {
    if (name === 'deaths') return this.#deaths();
    const clients = await Promise.all(this.#sides.map((side) => side.client(SESSION_MS)));
    if (name === 'publish') await this.#publish(clients);
    for (const load of chapters[name] ?? []) await this.#load(load, clients);
    for (const client of clients) await client.kill();
  }

  get #freshPath(): string {
    this.#paths += 1;
    return `/bench-${this.#paths}/at`;
  }

  /** One uncounted round, because compilers learn, and then the counted ones, each side in its turn. */
  async #load({ told, figures }: Load, clients: readonly ToldProcess[], path?: string): Promise<void> {
    const answers: Answer[][] = this.#sides.map(() => []);
    for (let rep = 0; rep <= this.#options.reps; rep += 1) {
      for (const [i, side] of this.#sides.entries()) {
        const task = told[side.library];
        if (task === undefined) continue;
        const answer = (await clients[i]?.ask({ ...task, path: path ?? this.#freshPath })) as Answer;
        if (rep > 0) answers[i]?.push(answer);
      }
    }
    for (const figure of figures)
      this.#tell(
        figure,
        answers.map((all) => all.map((answer) => figureOf(answer, figure))),
      );
  }

  async #publish(clients: readonly ToldProcess[]): Promise<void> {
    const { subscribers, sessions } = this.#options;
    for (const publication of publishing(subscribers)) {
      const path = this.#freshPath;
      for (const [i, side] of this.#sides.entries()) {
        const task = publication.subscribe[side.library];
        if (task !== undefined) await clients[i]?.ask({ ...task, path, subscribers, sessions });
      }
      await this.#load(publication, clients, path);
    }
  }

  async #deaths(): Promise<void> {
    const samples: number[][][] = this.#sides.map(() => []);
    for (let rep = 0; rep < this.#options.reps; rep += 1) {
      for (const [i, side] of this.#sides.entries()) samples[i]?.push([await afterKill(side, this.#freshPath)]);
    }
    const title = `kill -9 of an instance to its removal at all of 10, session time-out ${VICTIM_SESSION_MS / 1000} s`;
    this.#tell({ title, unit: 'ms', of: '' }, samples);
  }

  #tell({ title, unit }: Figure, samples: readonly Samples[]): void {
    const [ours = [], theirs = []] = samples;
    const cells = samples.map((one) => worded(one, unit));
    this.#say(`| ${title} | ${cells.join(' | ')} | ${ratio(ours, theirs, unit)} |`);
  }
}

function figureOf(answer: Answer, { of }: Figure): readonly number[] {
  const found = answer[of] ?? [];
  return typeof found === 'number' ? [found] : found;
}
