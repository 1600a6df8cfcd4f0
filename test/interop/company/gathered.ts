import { dirname } from 'node:path/posix';
import { beforeAll } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import { atTestEnd, type EngineKind } from '@reeve/testkit';
import { compileCases, requireJava } from '../java.ts';
import { requireKazoo } from '../kazoo.ts';
import { type Library, Member } from './member.ts';

/** Short, because a test waits for the end of those that are killed. */
const SESSION_MS = 3_000;
const TICK_MS = 500;

/** How long a company may take to gather, milliseconds: compilers and a few processes start. */
export const START_MS_MAX = 120_000;

const libraries: readonly Library[] = ['curator', 'kazoo', 'reeve'];

/** One member of each library. */
export type Company = Readonly<Record<Library, Member>>;

/** A server and those who share its znodes; what it holds is there when the tests begin. */
export class Gathered {
  /** Looks on. */
  witness!: Client;
  company!: Company;
  #address = '';
  #classes = '';
  #paths = 0;

  /** One more member on the same server, to be killed. */
  one(library: Library): Promise<Member> {
    return Member.start(library, { address: this.#address, sessionMs: SESSION_MS, classes: this.#classes });
  }

  /** Another company on the same server, to be killed. */
  async another(): Promise<Company> {
    const members = await Promise.all(libraries.map((library) => this.one(library)));
    return Object.fromEntries(members.map((member) => [member.library, member])) as Company;
  }

  /** A path that nobody has used, below one that is not there yet. */
  get freshPath(): string {
    this.#paths += 1;
    return `/company-${this.#paths}/shared`;
  }

  /**
   * A path that nobody has used, whose znode stays. kazoo's Lock needs that: it looks whether the line is there, and then
   * joins it, while servers remove the line that our recipes and Curator's make when they find it empty.
   */
  async standingPath(): Promise<string> {
    const path = this.freshPath;
    await this.witness.create(dirname(path), null);
    return this.witness.create(path, null);
  }

  /** Begins. @param classes our programs in Java, compiled */
  async gather(start: EngineKind['start'], classes: string): Promise<void> {
    const { address } = await start({ tickMs: TICK_MS });
    this.#address = address;
    this.#classes = classes;
    this.witness = await connect({ servers: address });
    atTestEnd(() => this.witness.close());
    this.company = await this.another();
  }
}

let compiled: Promise<string> | undefined;

/**
 * Gathers a company before the tests of the `describe` that calls it.
 *
 * @throws TestkitError `not_installed` when a library is missing
 */
export function gathered(start: EngineKind['start']): Gathered {
  requireJava();
  requireKazoo();
  const here = new Gathered();
  beforeAll(async () => {
    compiled ??= compileCases();
    await here.gather(start, await compiled);
  }, START_MS_MAX);
  return here;
}
