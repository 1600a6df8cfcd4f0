import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, type Random } from '@reeve/base';
import type { Client } from '@reeve/client';
import { reasonOf } from '@reeve/recipes';
import type { Traces } from '@reeve/testkit';

/** One session of one party, as a drill sees it. */
export interface Turn {
  /** Who plays: the name of the party. */
  readonly name: string;
  readonly client: Client;
  readonly random: Random;
  /** How many parties there are. */
  readonly parties: number;
  /** Fires when the session has ended or the storm is over: the drill must end soon. */
  readonly over: AbortSignal;
}

/** What there is to judge by, when nobody else does anything any more. */
export interface Court {
  readonly witness: Client;
  /** Another one, for who wants the same as the witness. */
  readonly rival: Client;
  traces(): Promise<Traces>;
}

/** Failures that a storm explains: whoever meets them tries again. */
const explained: ReadonlySet<string | undefined> = new Set([
  'aborted',
  'auth_failed',
  'client_closed',
  'connection_loss',
  'deadline_exceeded',
  'in_doubt',
  'lost',
  'operation_timeout',
  'session_expired',
  'session_over',
  'stopped',
]);

/** One recipe under examination: what its users do in a storm, and what must be true of it. */
export abstract class Drill {
  /** What is claimed of the recipe, as a sentence. */
  readonly claim: string;
  /** The znode that the drill has for itself. */
  readonly root: string;
  readonly #violations: string[] = [];

  constructor({ claim, root }: { readonly claim: string; readonly root: string }) {
    this.claim = claim;
    this.root = root;
  }

  /** What was seen that must never happen. */
  get violations(): readonly string[] {
    return this.#violations;
  }

  /** How often something was done that the claim is about: a claim about nothing is not proven. */
  abstract get deeds(): number;

  /** Uses the recipe until `over` fires, and stops it. One that meets failures that a storm explains may reject. */
  abstract play(turn: Turn): Promise<void>;

  /** The storm is over, and all parties do this at the same time: each must get what it wants, and then stops. */
  abstract finish(turn: Turn): Promise<void>;

  /** When everybody has finished and stopped: looks at what is left. */
  async judge(_court: Court): Promise<void> {}

  /** The znodes that stay when everybody has stopped, as the documentation says; `root` unless there are more. */
  get keeps(): readonly string[] {
    return [this.root];
  }

  /** Remembers something that must never happen. */
  violated(what: string): void {
    this.#violations.push(what);
  }
}

/** Whether a storm explains this failure. */
export function isExplained(error: unknown): boolean {
  return explained.has(codeOf(error));
}

/** The answer, or `undefined` where it failed for a reason that a storm explains. */
export async function unlessStorm<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isExplained(error)) return undefined;
    throw error;
  }
}

/** Waits for a time drawn by chance, and no longer than the turn lasts. */
export async function pause({ random, over }: Pick<Turn, 'random' | 'over'>, msMax: number): Promise<void> {
  await sleep(random() * msMax, undefined, { signal: over }).catch(() => undefined);
}

/** A place where everybody waits for everybody else, each by its name; once. */
export class Rendezvous {
  readonly #there = new Set<string>();
  readonly #complete = new AbortController();

  async meet({ name, parties, over }: Turn): Promise<void> {
    this.#there.add(name);
    if (this.#there.size === parties) this.#complete.abort();
    if (this.#complete.signal.aborted) return;
    await new Promise<void>((resolve, reject) => {
      this.#complete.signal.addEventListener('abort', () => resolve());
      over.addEventListener('abort', () => reject(reasonOf(over, 'a rendezvous')));
    });
  }
}
