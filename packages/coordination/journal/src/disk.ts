import { close, constants, fdatasync, fsync, ftruncate, open, read, write } from 'node:fs';
import { readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { makeDirectory } from './make-directory.ts';

/** An open file of a `Disk`. */
export interface DiskFile {
  /** Writes all of `bytes` at `position`. On a `durable` file it resolves when they are on disk. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Reads up to `bytes.length` bytes from `position`; fewer only where the file ends. */
  read(bytes: Uint8Array, position: number): Promise<number>;
  /** Cuts the file to `length` bytes and resolves when that is on disk. */
  truncate(length: number): Promise<void>;
  /** Resolves when everything written so far is on disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * How a file is opened: `durable` and `buffered` create it and fail when it is there (each write on disk when it
 * resolves, or at the next `sync`), `existing` reads and mends one that is there, `read` only reads it.
 */
export type OpenMode = 'durable' | 'buffered' | 'existing' | 'read';

/** What the journal needs of a disk. Errors carry Node's codes (`ENOSPC`, `EIO`, …). */
export interface Disk {
  open(path: string, mode: OpenMode): Promise<DiskFile>;
  /** The names in a directory, which is made when it is missing. */
  list(directory: string): Promise<readonly string[]>;
  /** The length of a file, bytes. */
  size(path: string): Promise<number>;
  /** What may still be written to the disk of a directory, bytes. */
  spaceLeft(directory: string): Promise<number>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is missing already is no error. */
  remove(path: string): Promise<void>;
  /** Resolves when the names made and removed in `directory` are on disk. */
  syncDirectory(directory: string): Promise<void>;
}

const openFile = promisify(open);
const closeFile = promisify(close);
const fdatasyncFile = promisify(fdatasync);
const fsyncFile = promisify(fsync);
const ftruncateFile = promisify(ftruncate);

const created = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
// O_DSYNC makes one thread-pool hop of a write and its sync; where it is missing (0), `write` syncs by itself.
const dataSync = constants.O_DSYNC ?? 0;
const flags: Record<OpenMode, number> = {
  durable: created | dataSync,
  buffered: created,
  existing: constants.O_RDWR,
  read: constants.O_RDONLY,
};

/** The real disk. */
export const nodeDisk: Disk = {
  async open(path, mode) {
    const fd = await openFile(path, flags[mode], 0o600);
    return new NodeFile(fd, mode === 'durable' && dataSync === 0 ? 'after_each_write' : 'as_asked');
  },
  async list(directory) {
    await makeDirectory(directory);
    return readdir(directory);
  },
  async size(path) {
    return (await stat(path)).size;
  },
  async spaceLeft(directory) {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncDirectory(directory) {
    const fd = await openFile(directory, constants.O_RDONLY);
    try {
      await fsyncFile(fd);
    } finally {
      await closeFile(fd);
    }
  },
};

/** The real disk for those who would rather be fast than safe (`forceSync=no`): nothing waits for a sync. */
export const unsyncedDisk: Disk = {
  ...nodeDisk,
  async open(path, mode) {
    return new NodeFile(await openFile(path, flags[mode] & ~dataSync, 0o600), 'never');
  },
  async syncDirectory() {},
};

class NodeFile implements DiskFile {
  readonly #fd: number;
  readonly #syncs: 'as_asked' | 'after_each_write' | 'never';

  constructor(fd: number, syncs: 'as_asked' | 'after_each_write' | 'never') {
    this.#fd = fd;
    this.#syncs = syncs;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) done += await this.#writeSome(bytes, done, position);
    if (this.#syncs === 'after_each_write') await fdatasyncFile(this.#fd);
  }

  async read(bytes: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < bytes.length) {
      const count = await this.#readSome(bytes, done, position);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  async truncate(length: number): Promise<void> {
    await ftruncateFile(this.#fd, length);
    await this.sync();
  }

  async sync(): Promise<void> {
    if (this.#syncs !== 'never') await fsyncFile(this.#fd);
  }

  close(): Promise<void> {
    return closeFile(this.#fd);
  }

  #writeSome(bytes: Uint8Array, done: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      write(this.#fd, bytes, done, bytes.length - done, position + done, (error, count) =>
        error === null ? resolve(count) : reject(error),
      );
    });
  }

  #readSome(bytes: Uint8Array, done: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#fd, bytes, done, bytes.length - done, position + done, (error, count) =>
        error === null ? resolve(count) : reject(error),
      );
    });
  }
}
