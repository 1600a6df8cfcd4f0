import { CodedError } from '@reeve/base';
import { type Disk, type DiskFile, nodeDisk } from '@reeve/journal';

/** The real disk, which can be told to keep writes waiting, or to be full. */
export class HeldDisk implements Disk {
  /** What the next writes fail with, and to which files. */
  failing: 'ENOSPC' | 'EIO' | undefined;
  failingFiles = /./;
  /** What making a file fails with. */
  failingToMake: 'EROFS' | undefined;
  /** How many writes there were. */
  writes = 0;
  readonly list = nodeDisk.list;
  readonly size = nodeDisk.size;
  readonly spaceLeft = nodeDisk.spaceLeft;
  readonly rename = nodeDisk.rename;
  readonly remove = nodeDisk.remove;
  readonly syncDirectory = nodeDisk.syncDirectory;
  #gate: Promise<void> | undefined;
  #open: (() => void) | undefined;

  async open(...[path, mode]: Parameters<Disk['open']>): Promise<DiskFile> {
    const { failingToMake } = this;
    if (failingToMake !== undefined && mode !== 'existing') {
      throw new CodedError({ code: failingToMake }, `${failingToMake}: as told`);
    }
    const file = await nodeDisk.open(path, mode);
    return {
      read: file.read.bind(file),
      truncate: file.truncate.bind(file),
      sync: file.sync.bind(file),
      close: file.close.bind(file),
      write: async (bytes, position) => {
        const copy = Buffer.from(bytes);
        this.writes += 1;
        await this.#gate;
        if (this.failing !== undefined && this.failingFiles.test(path))
          throw new CodedError({ code: this.failing }, `${this.failing}: as told`);
        await file.write(copy, position);
      },
    };
  }

  /** Keeps every write waiting until `release`. */
  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#gate = undefined;
    this.#open?.();
  }
}
