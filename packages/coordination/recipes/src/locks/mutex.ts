import type { Coordination } from '@reeve/client';
import { LineLock } from './line-lock.ts';
import type { LockOptions } from './lock.ts';

/** What a mutex is about. */
export interface MutexOptions extends LockOptions {
  /**
   * What the names of the znodes hold before their number: `lock-` unless given, as Curator has it. `__lock__` is what
   * kazoo counts without being told.
   */
  readonly name?: string;
}

/**
 * A lock that one holds at a time, in the order in which they came. Those who wait stand in line, and each watches only
 * the one before it. Shared with Curator's `InterProcessMutex` and kazoo's `Lock`.
 *
 * @example
 * const mutex = new Mutex(client, { path: '/reeve/locks/backup' });
 * await mutex.run(async ({ fence, signal }) => backUp(fence, signal), { timeoutMs: 5_000 });
 */
export class Mutex extends LineLock {
  constructor(client: Coordination, { name = 'lock-', ...options }: MutexOptions) {
    super(client, { ...options, name, ahead: (line, own) => line[own - 1] });
  }
}
