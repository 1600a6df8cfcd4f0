import { invariant } from '@reeve/base';
import { uncountedBytes } from './uncounted-bytes.ts';

/** Where a block begins, in units of eight bytes; negative for a block with a buffer of its own. 0 is no block. */
export type Address = number;

const UNIT_SHIFT = 3;
const PAGE_SHIFT = 20;
const PAGE_BYTES = 1 << PAGE_SHIFT;
const PAGE_UNITS_SHIFT = PAGE_SHIFT - UNIT_SHIFT;
const PAGE_UNITS_MASK = (1 << PAGE_UNITS_SHIFT) - 1;
/** What an address of 31 bits can name: 16 GiB. */
const PAGES_MAX = 1 << (31 - PAGE_UNITS_SHIFT);
const PAGES_SPARE = 1024;
/** Up to here each number of units is a class of its own; above, classes are an eighth of a power of two apart. */
const EXACT_UNITS_MAX = 128;
/** Longer blocks get a buffer of their own. */
const PAGED_UNITS_MAX = 8192;

/**
 * Bytes outside the garbage collector's sight, in blocks: a million small values cost it nothing, and little beside their
 * own length. A block that is given back serves the next of its class; pages stay.
 */
export class OctetHeap {
  readonly #pages: Buffer[] = [];
  /** The same pages, for the links between free blocks. */
  readonly #words: Int32Array[] = [];
  /** The same pages, for those who copy from them. */
  readonly #views: DataView[] = [];
  /** The first free block of each class, by its units. */
  readonly #free = new Int32Array(PAGED_UNITS_MAX + 1);
  readonly #large: (Buffer | undefined)[] = [undefined];
  readonly #freeLarge: number[] = [];
  /** Where the part of the last page begins that was never used, and how many units it has. */
  #fresh: Address = 0;
  #freshUnits = 0;

  /** Whether the last pages are in use: what is outstanding still fits. */
  get isNearlyFull(): boolean {
    return this.#pages.length > PAGES_MAX - PAGES_SPARE;
  }

  /** Takes a block of at least `length` bytes, with whatever is in it. */
  allocate(length: number): Address {
    const units = classOf(length);
    if (units > PAGED_UNITS_MAX) return this.#allocateLarge(length);
    const free = this.#free[units] as number;
    if (free === 0) return this.#carve(units);
    this.#free[units] = this.#wordsOf(free)[wordOf(free)] as number;
    return free;
  }

  /** Gives back a block that was taken for `length` bytes. */
  release(address: Address, length: number): void {
    if (address < 0) {
      this.#large[-address] = undefined;
      this.#freeLarge.push(-address);
    } else if (address > 0) {
      this.#keep(address, classOf(length));
    }
  }

  /** The buffer that a block lies in. */
  bytes(address: Address): Buffer {
    return (address < 0 ? this.#large[-address] : this.#pages[address >>> PAGE_UNITS_SHIFT]) as Buffer;
  }

  /** The same as a view. */
  view(address: Address): DataView {
    if (address >= 0) return this.#views[address >>> PAGE_UNITS_SHIFT] as DataView;
    const { buffer, byteOffset, length } = this.bytes(address);
    return new DataView(buffer, byteOffset, length);
  }

  /** Where in that buffer it begins. */
  offset(address: Address): number {
    return address < 0 ? 0 : (address & PAGE_UNITS_MASK) << UNIT_SHIFT;
  }

  /** Whether blocks for these two lengths are the same: then a value may stay where it is. */
  sameClass(length: number, other: number): boolean {
    return classOf(length) === classOf(other) && classOf(length) <= PAGED_UNITS_MAX;
  }

  #allocateLarge(length: number): Address {
    const index = this.#freeLarge.pop() ?? this.#large.length;
    this.#large[index] = Buffer.allocUnsafe(length);
    return -index;
  }

  #carve(units: number): Address {
    if (units > this.#freshUnits) this.#addPage();
    const address = this.#fresh;
    this.#fresh += units;
    this.#freshUnits -= units;
    return address;
  }

  #addPage(): void {
    // What is left of the last page is too short for this block, but not for others.
    while (this.#freshUnits > 0) {
      const units = Math.min(this.#freshUnits, EXACT_UNITS_MAX);
      this.#keep(this.#fresh, units);
      this.#fresh += units;
      this.#freshUnits -= units;
    }
    const page = Buffer.from(uncountedBytes(PAGE_BYTES));
    invariant(this.#pages.length < PAGES_MAX, 'small values take less than 16 GiB');
    this.#fresh = this.#pages.length << PAGE_UNITS_SHIFT;
    this.#freshUnits = 1 << PAGE_UNITS_SHIFT;
    this.#pages.push(page);
    this.#words.push(new Int32Array(page.buffer, page.byteOffset, PAGE_BYTES >>> 2));
    this.#views.push(new DataView(page.buffer, page.byteOffset, PAGE_BYTES));
    if (this.#fresh > 0) return;
    // Address 0 stands for no block.
    this.#fresh = 1;
    this.#freshUnits -= 1;
  }

  #keep(address: Address, units: number): void {
    this.#wordsOf(address)[wordOf(address)] = this.#free[units] as number;
    this.#free[units] = address;
  }

  #wordsOf(address: Address): Int32Array {
    return this.#words[address >>> PAGE_UNITS_SHIFT] as Int32Array;
  }
}

function wordOf(address: Address): number {
  return (address & PAGE_UNITS_MASK) << 1;
}

/** The units of the blocks that a value of this length gets. */
function classOf(length: number): number {
  const units = (length + 7) >>> UNIT_SHIFT;
  if (units <= EXACT_UNITS_MAX) return units === 0 ? 1 : units;
  const step = 1 << (28 - Math.clz32(units - 1));
  return Math.ceil(units / step) * step;
}
