import { CodedError } from '@reeve/base';
import type { EpochDisk } from '../src/epochs.ts';

/** A disk for epochs that loses power before a step, and what no sync had made last with it. */
export class MemoryEpochDisk implements EpochDisk {
  readonly files = new Map<string, string>();
  readonly #lasting = new Map<string, string>();
  stepsUntilPowerCut = Number.POSITIVE_INFINITY;

  read(path: string): string | undefined {
    return this.files.get(path);
  }

  write(path: string, text: string): void {
    this.#step();
    this.files.set(path, text);
  }

  rename(from: string, to: string): void {
    this.#step();
    this.files.set(to, this.files.get(from) ?? '');
    this.files.delete(from);
  }

  syncDirectory(): void {
    this.#step();
    this.#lasting.clear();
    for (const [path, text] of this.files) this.#lasting.set(path, text);
  }

  /** The same disk after the power came back. */
  afterPowerCut(): MemoryEpochDisk {
    const copy = new MemoryEpochDisk();
    for (const [path, text] of this.#lasting) copy.files.set(path, text);
    return copy;
  }

  #step(): void {
    if (this.stepsUntilPowerCut === 0) throw new CodedError({ code: 'EIO' }, 'EIO: as told');
    this.stepsUntilPowerCut -= 1;
  }
}
