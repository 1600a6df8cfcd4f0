import type { Coordination } from '@reeve/client';
import { type Participant, participantsOf } from '../line/participants.ts';
import { type Access, accessOf, holdsLock, lastWriterBefore } from './access.ts';
import { LineLock } from './line-lock.ts';
import type { Lock, LockOptions } from './lock.ts';

/** Names of Curator's `InterProcessReadWriteLock`; its readers count whatever is not one of theirs as nobody. */
const READ = '__READ__';
const WRITE = '__WRIT__';

/** Someone who reads or writes, or wants to. */
export interface ReadWriteParticipant extends Participant {
  readonly access: Access;
}

/**
 * A lock that many hold for reading, or one for writing. All stand in one line: a writer waits for everybody before it,
 * a reader only for the writers before it. So a writer that waits is not overtaken by readers that come later.
 *
 * An `owner` that holds it for writing gets it for reading at once, and keeps that when it gives up writing. The other
 * way round would wait for itself for ever: an owner that reads must release before it writes.
 *
 * Shared with Curator's `InterProcessReadWriteLock`.
 *
 * @example
 * const lock = new ReadWriteLock(client, { path: '/reeve/locks/catalogue' });
 * await lock.read.run(() => look());
 * await lock.write.run(({ fence }) => change(fence));
 */
export class ReadWriteLock {
  readonly path: string;
  readonly read: Lock;
  readonly write: Lock;
  readonly #client: Coordination;

  constructor(client: Coordination, options: LockOptions) {
    this.path = options.path;
    this.#client = client;
    const write = new LineLock(client, {
      ...options,
      name: WRITE,
      ahead: (line, own) => line[own - 1],
    });
    this.write = write;
    this.read = new LineLock(client, {
      ...options,
      name: READ,
      ahead: lastWriterBefore,
      shared: (owner) => write.placeOf(owner),
    });
  }

  /** Who holds the lock and who waits for it, in the order of the line. */
  async participants(): Promise<readonly ReadWriteParticipant[]> {
    const all = await participantsOf(this.#client, { path: this.path, holds: holdsLock });
    return all.map((one) => ({ ...one, access: accessOf(one.path) }));
  }
}
