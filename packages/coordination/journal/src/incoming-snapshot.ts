import { join } from 'node:path';
import { invariant, messageOf } from '@reeve/base';
import { finishInstall, installName, temporaryInstallName } from './install-files.ts';
import type { JournalPlace } from './journal-place.ts';
import { sliceHeadBytes, writeSliceHead } from './snapshot-format.ts';
import { SnapshotWriter } from './snapshot-writer.ts';

/** A snapshot of what another member has, to take the place of all that this one has. */
export interface IncomingSnapshot {
  /** Resolves when the slice is written: whoever waits for that before the next one is never ahead of the disk. */
  take(slice: Buffer): Promise<void>;
  /**
   * Makes the snapshot the only content; it is on disk when this resolves. A crash leaves either all that was there
   * before or this. No log is there to mend it, so it must hold no traces of what came after its zxid.
   */
  finish(lastZxidSeen: number): Promise<void>;
  /** Forgets it; nothing has changed then. */
  abandon(): Promise<void>;
}

/** The file of a snapshot that is being installed; `install-files.ts` tells its names. */
export class InstallWriter {
  readonly zxid: number;
  readonly #place: JournalPlace;
  readonly #file: Promise<SnapshotWriter>;
  /** What was taken, one slice after the other: the first failure is that of all that follows. */
  #written: Promise<void>;
  #state: 'open' | 'ended' = 'open';

  constructor(place: JournalPlace, zxid: number) {
    this.zxid = zxid;
    this.#place = place;
    this.#file = SnapshotWriter.begin(place.disk, join(place.dataDirectory, temporaryInstallName), zxid);
    this.#written = this.#file.then(() => undefined);
    // Whoever takes or finishes next is told.
    this.#written.catch(() => undefined);
  }

  async take(slice: Buffer): Promise<void> {
    invariant(this.#state === 'open', 'a snapshot that is finished or abandoned takes no slices');
    const bytes = Buffer.allocUnsafe(sliceHeadBytes + slice.length);
    writeSliceHead(bytes, 0, slice);
    slice.copy(bytes, sliceHeadBytes);
    this.#written = this.#written.then(async () => (await this.#file).write(bytes, 1));
    await this.#written;
  }

  /** Writes the end of it, and says how many bytes it takes; nothing that counts is changed yet. */
  async end(lastZxidSeen: number): Promise<number> {
    invariant(this.#state === 'open', 'a snapshot that is finished or abandoned is not finished again');
    invariant(lastZxidSeen <= this.zxid, `what is installed as of ${this.zxid} holds traces up to ${lastZxidSeen}`);
    await this.#written;
    const bytes = await (await this.#file).finish(lastZxidSeen);
    this.#state = 'ended';
    return bytes;
  }

  /** Puts it in the place of everything, once it has ended. */
  async install(): Promise<void> {
    const { disk, dataDirectory } = this.#place;
    await disk.rename(join(dataDirectory, temporaryInstallName), join(dataDirectory, installName(this.zxid)));
    await disk.syncDirectory(dataDirectory);
    await finishInstall(this.#place);
  }

  /** Removes what was written, unless it may count already. Never fails: what stays a start removes. */
  async abandon(): Promise<void> {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    await this.#written.catch(() => undefined);
    try {
      await (await this.#file).abandon();
    } catch (error) {
      this.#place.logger.debug({ reason: messageOf(error) }, 'a snapshot that was given up could not be removed yet');
    }
  }
}
