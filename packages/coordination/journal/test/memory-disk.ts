import { basename, dirname } from 'node:path';
import { CodedError } from '@reeve/base';
import type { Disk, DiskFile, OpenMode } from '../src/disk.ts';

interface StoredFile {
  /** What a process reads. */
  bytes: Buffer;
  /** What a power cut leaves. */
  durable: Buffer;
}

/** A change of names that is not on disk before its directory is synced. */
interface NameChange {
  readonly directory: string;
  apply(names: Map<string, StoredFile>): void;
}

/** A disk in memory that can be full, fail, lose power at any moment, and rot. */
export class MemoryDisk implements Disk {
  readonly files = new Map<string, StoredFile>();
  /** The names that a power cut leaves, and what may be left of the changes since. */
  readonly #durableNames = new Map<string, StoredFile>();
  #nameChanges: NameChange[] = [];
  /** Bytes that may still be written; beyond them the disk is full. */
  freeBytes = Number.POSITIVE_INFINITY;
  /** Bytes until the power is cut: the write that crosses it gets that far, and nothing works afterwards. */
  bytesUntilPowerCut = Number.POSITIVE_INFINITY;
  /** Changes of the disk until the power is cut: so many are made, the next is not, and nothing works afterwards. */
  changesUntilPowerCut = Number.POSITIVE_INFINITY;
  /** Changes made so far. */
  changes = 0;
  failing: 'ENOSPC' | 'EIO' | undefined;

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    this.#alive();
    const known = this.files.get(path);
    if (mode === 'existing' || mode === 'read') return new MemoryFile(this, known ?? fail('ENOENT', path), 'buffered');
    if (known !== undefined) fail('EEXIST', path);
    const file = { bytes: Buffer.alloc(0), durable: Buffer.alloc(0) };
    this.#rename(path, (names) => names.set(path, file));
    return new MemoryFile(this, file, mode);
  }

  async list(directory: string): Promise<readonly string[]> {
    return [...this.files.keys()].filter((path) => dirname(path) === directory).map((path) => basename(path));
  }

  async size(path: string): Promise<number> {
    return (this.files.get(path) ?? fail('ENOENT', path)).bytes.length;
  }

  async spaceLeft(): Promise<number> {
    return this.freeBytes;
  }

  async rename(from: string, to: string): Promise<void> {
    const file = this.files.get(from) ?? fail('ENOENT', from);
    this.#rename(from, (names) => {
      names.delete(from);
      names.set(to, file);
    });
  }

  async remove(path: string): Promise<void> {
    this.#rename(path, (names) => names.delete(path));
  }

  async syncDirectory(directory: string): Promise<void> {
    this.admit(0, () => {
      for (const change of this.#nameChanges) if (change.directory === directory) change.apply(this.#durableNames);
      this.#nameChanges = this.#nameChanges.filter((change) => change.directory !== directory);
    });
  }

  /**
   * The same disk after the power came back: what was never synced is gone, and of the names that changed since their
   * directory was synced those changes that `keeps` says no to.
   */
  afterPowerCut(keeps: (index: number) => boolean = () => true): MemoryDisk {
    const names = new Map(this.#durableNames);
    this.#nameChanges.filter((_, index) => keeps(index)).forEach((change) => void change.apply(names));
    return copyOf(names, ({ durable }) => durable);
  }

  /** The same disk after the process was killed: the page cache survives. */
  afterKill(): MemoryDisk {
    return copyOf(this.files, ({ bytes }) => bytes);
  }

  /** Puts a file there that is on disk whole. */
  put(path: string, bytes: Buffer): void {
    const file = { bytes: Buffer.from(bytes), durable: Buffer.from(bytes) };
    this.files.set(path, file);
    this.#durableNames.set(path, file);
  }

  /** How much of `bytes` gets through; throws what the disk says when it is not all. */
  admit(bytes: number, write: (admitted: number) => void): void {
    if (this.failing !== undefined) fail(this.failing, 'write');
    this.#change();
    const admitted = Math.min(bytes, this.freeBytes, this.bytesUntilPowerCut);
    this.freeBytes -= admitted;
    this.bytesUntilPowerCut -= admitted;
    write(admitted);
    if (admitted === bytes) return;
    fail(this.bytesUntilPowerCut === 0 ? 'EPOWER' : 'ENOSPC', 'write');
  }

  #rename(path: string, apply: NameChange['apply']): void {
    this.#change();
    apply(this.files);
    this.#nameChanges.push({ directory: dirname(path), apply });
  }

  #change(): void {
    this.#alive();
    if (this.changes >= this.changesUntilPowerCut) fail('EPOWER', 'disk');
    this.changes += 1;
  }

  #alive(): void {
    if (this.bytesUntilPowerCut === 0) fail('EPOWER', 'disk');
  }
}

function copyOf(files: ReadonlyMap<string, StoredFile>, part: (file: StoredFile) => Buffer): MemoryDisk {
  const copy = new MemoryDisk();
  for (const [path, file] of files) copy.put(path, part(file));
  return copy;
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
