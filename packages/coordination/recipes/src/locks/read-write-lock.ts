import type { Coordination } from '@reeve/client';
import { sequenceOf } from '../line/line-order.ts';
import { type Participant, participantsOf } from '../line/participants.ts';
import { LineLock } from './line-lock.ts';
import type { Lock, LockOptions } from './lock.ts';

/** Names of Curator's `InterProcessReadWriteLock`; its readers count whatever is not one of theirs as nobody. */
const READ = '__READ__';
const WRITE = '__WRIT__';

/** What the names of readers hold: Curator's and ours, and kazoo's (`ReadLock`). */
const reader = /__READ__\d{10}$|__rlock__\d{10}$/;

/** Someone who reads or writes, or wants to. */
export interface ReadWriteParticipant extends Participant {
  readonly access: 'read' | 'write';
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
      holds,
    });
    this.write = write;
    this.read = new LineLock(client, {
      ...options,
      name: READ,
      ahead: lastWriterBefore,
      holds,
      shared: (owner) => write.placeOf(owner),
    });
  }

  /** Who holds the lock and who waits for it, in the order of the line. */
  async participants(): Promise<readonly ReadWriteParticipant[]> {
    const all = await participantsOf(this.#client, { path: this.path, holds });
    return all.map((one) => ({ ...one, access: isReader(one.path) ? 'read' : 'write' }));
  }
}

function isReader(name: string): boolean {
  return reader.test(name);
}

/** One that reads where its owner wrote has the number of the writer, which is not before it. */
function lastWriterBefore(line: readonly string[], own: number): string | undefined {
  const number = sequenceOf(line[own] as string);
  return line.findLast((name) => sequenceOf(name) < number && !isReader(name));
}

function holds(line: readonly string[], at: number): boolean {
  const name = line[at] as string;
  return isReader(name) ? lastWriterBefore(line, at) === undefined : at === 0 || isOwnReader(line, at);
}

/** A writer holds as well where only those are before it that read in its own place. */
function isOwnReader(line: readonly string[], at: number): boolean {
  const number = sequenceOf(line[at] as string);
  return line.slice(0, at).every((name) => sequenceOf(name) === number);
}
