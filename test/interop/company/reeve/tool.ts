import type { Visit } from './room.ts';

/** One line that a member is told. */
export interface Told {
  readonly id: number;
  readonly tool: string;
  readonly what: string;
  readonly kind: string;
  readonly path: string;
  readonly name: string;
  readonly data: string;
  readonly initial: string;
  readonly priority?: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly limit: number;
  readonly size: number;
  readonly room: string;
  readonly as: Visit['as'];
  readonly instance: string;
  readonly address: string;
  readonly port: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** One recipe at one path: what it can be told. */
export type Tool = Readonly<Record<string, (told: Told) => unknown>>;
