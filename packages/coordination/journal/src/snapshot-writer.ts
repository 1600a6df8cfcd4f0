import type { Disk, DiskFile } from './disk.ts';
import { header, headerBytes, trailer, trailerBytes } from './snapshot-format.ts';

/** So that the sync of a large snapshot does not hold up the log's for long. */
const syncEveryBytes = 1024 * 1024;

/** A snapshot file while it is being written, under a name that no start takes for a snapshot. */
export class SnapshotWriter {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #file: DiskFile;
  #position = headerBytes;
  #synced = 0;
  #count = 0;
  #state: 'open' | 'closed' = 'open';

  private constructor(disk: Disk, path: string, file: DiskFile) {
    this.#disk = disk;
    this.#path = path;
    this.#file = file;
  }

  /** Begins a file, in place of one that was not finished. */
  static async begin(disk: Disk, path: string, zxid: number): Promise<SnapshotWriter> {
    await disk.remove(path);
    const writer = new SnapshotWriter(disk, path, await disk.open(path, 'buffered'));
    try {
      await writer.#file.write(header(zxid), 0);
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    return writer;
  }

  /** Writes so many slices, each behind its head. */
  async write(bytes: Buffer, count: number): Promise<void> {
    await this.#file.write(bytes, this.#position);
    this.#position += bytes.length;
    this.#count += count;
    if (this.#position - this.#synced < syncEveryBytes) return;
    await this.#file.sync();
    this.#synced = this.#position;
  }

  /** Ends the file; resolves with its length when all of it is on disk. */
  async finish(lastZxidSeen: number): Promise<number> {
    await this.#file.write(trailer(this.#count, lastZxidSeen), this.#position);
    await this.#file.sync();
    await this.#close();
    return this.#position + trailerBytes;
  }

  /** Removes the file, as far as it has come. */
  async abandon(): Promise<void> {
    await this.#close();
    await this.#disk.remove(this.#path);
  }

  /** Once: by then the system may have given the number of the file to another one. */
  async #close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    await this.#file.close();
  }
}
