import { basename, dirname } from 'node:path';
import { CodedError } from '@reeve/base';
import type { Disk, DiskFile, OpenMode } from '../src/disk.ts';

interface StoredFile {
  /** What a process reads. */
  bytes: Buffer;
  /** What a power cut leaves. */
  durable: Buffer;
}

/** A disk in memory that can be full, fail, lose power in the middle of a write, and rot. */
export class MemoryDisk implements Disk {
  readonly files = new Map<string, StoredFile>();
  /** Bytes that may still be written; beyond them the disk is full. */
  freeBytes = Number.POSITIVE_INFINITY;
  /** Bytes until the power is cut: the write that crosses it gets that far, and nothing works afterwards. */
  bytesUntilPowerCut = Number.POSITIVE_INFINITY;
  failing: 'ENOSPC' | 'EIO' | undefined;

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    this.#alive();
    const known = this.files.get(path);
    if (mode === 'existing' || mode === 'read') return new MemoryFile(this, known ?? fail('ENOENT', path), 'buffered');
    if (known !== undefined) fail('EEXIST', path);
    const file = { bytes: Buffer.alloc(0), durable: Buffer.alloc(0) };
    this.files.set(path, file);
    return new MemoryFile(this, file, mode);
  }

  async list(directory: string): Promise<readonly string[]> {
    return [...this.files.keys()].filter((path) => dirname(path) === directory).map((path) => basename(path));
  }

  async size(path: string): Promise<number> {
    return (this.files.get(path) ?? fail('ENOENT', path)).bytes.length;
  }

  async rename(from: string, to: string): Promise<void> {
    this.#alive();
    this.files.set(to, this.files.get(from) ?? fail('ENOENT', from));
    this.files.delete(from);
  }

  async remove(path: string): Promise<void> {
    this.#alive();
    this.files.delete(path);
  }

  async syncDirectory(): Promise<void> {
    this.#alive();
  }

  /** The same disk after the power came back: what was never synced is gone. */
  afterPowerCut(): MemoryDisk {
    return this.#copy(({ durable }) => durable);
  }

  /** The same disk after the process was killed: the page cache survives. */
  afterKill(): MemoryDisk {
    return this.#copy(({ bytes }) => bytes);
  }

  /** How much of `bytes` gets through; throws what the disk says when it is not all. */
  admit(bytes: number, write: (admitted: number) => void): void {
    this.#alive();
    if (this.failing !== undefined) fail(this.failing, 'write');
    const admitted = Math.min(bytes, this.freeBytes, this.bytesUntilPowerCut);
    this.freeBytes -= admitted;
    this.bytesUntilPowerCut -= admitted;
    write(admitted);
    if (admitted === bytes) return;
    fail(this.bytesUntilPowerCut === 0 ? 'EPOWER' : 'ENOSPC', 'write');
  }

  #alive(): void {
    if (this.bytesUntilPowerCut === 0) fail('EPOWER', 'disk');
  }

  #copy(part: (file: StoredFile) => Buffer): MemoryDisk {
    const copy = new MemoryDisk();
    for (const [path, file] of this.files) {
      copy.files.set(path, { bytes: Buffer.from(part(file)), durable: Buffer.from(part(file)) });
    }
    return copy;
  }
}

class MemoryFile implements DiskFile {
  readonly #disk: MemoryDisk;
  readonly #file: StoredFile;
  readonly #mode: 'durable' | 'buffered';

  constructor(disk: MemoryDisk, file: StoredFile, mode: 'durable' | 'buffered') {
    this.#disk = disk;
    this.#file = file;
    this.#mode = mode;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    const copy = Buffer.from(bytes);
    await Promise.resolve();
    this.#disk.admit(copy.length, (admitted) => {
      const end = Math.max(this.#file.bytes.length, position + admitted);
      const grown = Buffer.alloc(end);
      this.#file.bytes.copy(grown);
      copy.copy(grown, position, 0, admitted);
      this.#file.bytes = grown;
      if (this.#mode === 'durable') this.#file.durable = grown;
    });
  }

  async read(bytes: Uint8Array, position: number): Promise<number> {
    return this.#file.bytes.copy(bytes, 0, position);
  }

  async truncate(length: number): Promise<void> {
    this.#disk.admit(0, () => {});
    this.#file.bytes = Buffer.from(this.#file.bytes.subarray(0, length));
    this.#file.durable = this.#file.bytes;
  }

  async sync(): Promise<void> {
    this.#disk.admit(0, () => {
      this.#file.durable = this.#file.bytes;
    });
  }

  async close(): Promise<void> {}
}

function fail(code: string, what: string): never {
  throw new CodedError({ code }, `${code}: ${what}`);
}
