import type { Client } from '@reeve/client';

/** What a load is told. */
export interface LoadTold {
  readonly path: string;
  readonly waiters: number;
  readonly sessions: number;
  readonly count: number;
  readonly adders: number;
  readonly seconds: number;
  readonly items: number;
  readonly bytes: number;
  readonly consumers: number;
  /** Items that each consumer works on at the same time. */
  readonly atOnce: number;
  readonly subscribers: number;
  readonly views: number;
  readonly report: 'on' | 'off';
}

/** The first so many sessions of this process. */
export type Sessions = (many: number) => Promise<readonly Client[]>;

/** Does what it is told, and answers with figures. */
export type Load = (sessions: Sessions, told: LoadTold) => unknown;
