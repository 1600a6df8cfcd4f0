import type { Octets, SessionId, Span, Writer } from '@reeve/wire';
import type { AccessList } from '../access-list.ts';
import { beginName, lifetimeAt, nameLengthAt, nameRoom, nameStartAt } from './block-name.ts';
import { ListTable } from './list-table.ts';
import { NameIndex } from './name-index.ts';
import { OctetHeap } from './octet-heap.ts';
import { type RecordId, Records } from './records.ts';

/** The number of a znode while it lives. */
export type ZnodeId = RecordId;

/** The root is there from the first to the last. */
export const ROOT: ZnodeId = 1;

/** What every znode has: words of its first record. Doubles are named by pairs. */
export const birth = {
  czxid: 0,
  ctime: 1,
  parent: 4,
  hash: 5,
  chain: 6,
  /** Its younger sibling; 0 for the youngest. */
  next: 7,
  /** Its older sibling; for the eldest, the youngest: so both ends of the list are at hand. */
  previous: 8,
  address: 9,
  /** -1 stands for null. */
  dataLength: 10,
  /** The number of its access list; negative, of its second record, which then has that of the list. */
  listOrLife: 11,
  words: 12,
} as const;

/** What happened to a znode since: words of its second record. There is none before the first change or child. */
export const life = {
  mzxid: 0,
  mtime: 1,
  pzxid: 2,
  version: 6,
  aversion: 7,
  creates: 8,
  childCount: 9,
  firstChild: 10,
  list: 11,
  words: 12,
} as const;

/** A name within a longer text: `octets[start, end)`, and its hash under the parent where it is looked for. */
export interface NameRange {
  readonly octets: Octets;
  readonly start: number;
  readonly end: number;
  readonly hash: number;
}

/** Every lifetime at its number. */
export const lifetimes = ['persistent', 'ephemeral', 'container', 'ttl'] as const;

/**
 * What ends a znode beside a delete: nothing, the end of its owner's session, the end of its last child, or a time
 * without change (TTL).
 */
export type Lifetime = (typeof lifetimes)[number];

/** What a new znode's records say. */
export interface Newborn {
  readonly data: Span | null;
  readonly acl: AccessList;
  readonly lifetime: Lifetime;
  readonly czxid: number;
  readonly ctimeMs: number;
}

/**
 * The znodes as records, names and data outside the garbage collector's sight: about 60 bytes for each beside its name
 * and data. Names are in octets, one per character; who knows them as text converts (`octetsOf`).
 */
export class ZnodeStore {
  readonly births = new Records(birth.words);
  readonly lives = new Records(life.words);
  readonly heap = new OctetHeap();
  readonly lists = new ListTable();
  /** The sessions of ephemerals. */
  readonly owners = new Map<ZnodeId, SessionId>();
  /** Times to live, milliseconds. */
  readonly ttls = new Map<ZnodeId, number>();
  readonly #index: NameIndex;

  constructor() {
    const { births } = this;
    this.#index = new NameIndex({
      hash: (id) => births.int(id, birth.hash),
      next: (id) => births.int(id, birth.chain),
      setNext: (id, next) => births.setInt(id, birth.chain, next),
    });
  }

  /** How many there are beside the root. */
  get size(): number {
    return this.#index.size;
  }

  /** Whether a number below `births.end` is a znode's. */
  isLive(id: ZnodeId): boolean {
    return this.births.int(id, birth.address) !== 0;
  }

  parent(id: ZnodeId): ZnodeId {
    return this.births.int(id, birth.parent);
  }

  nameLength(id: ZnodeId): number {
    const address = this.births.int(id, birth.address);
    return nameLengthAt(this.heap.bytes(address), this.heap.offset(address));
  }

  /** The length of a znode's data, octets; -1 stands for null. */
  dataLength(id: ZnodeId): number {
    return this.births.int(id, birth.dataLength);
  }

  /** The length of a znode's path, octets. */
  pathLength(id: ZnodeId): number {
    if (id === ROOT) return 1;
    let length = 0;
    for (let at = id; at !== ROOT; at = this.parent(at)) length += this.nameLength(at) + 1;
    return length;
  }

  lifetime(id: ZnodeId): Lifetime {
    const address = this.births.int(id, birth.address);
    return lifetimes[lifetimeAt(this.heap.bytes(address), this.heap.offset(address))] as Lifetime;
  }

  accessList(id: ZnodeId): AccessList {
    return this.lists.get(this.#list(id));
  }

  setAccessList(id: ZnodeId, list: AccessList): void {
    const before = this.#list(id);
    const own = this.life(id);
    const number = this.lists.take(list);
    if (own === 0) this.births.setInt(id, birth.listOrLife, number);
    else this.lives.setInt(own, life.list, number);
    this.lists.release(before);
  }

  /** The second record of a znode; 0 without one. */
  life(id: ZnodeId): RecordId {
    const word = this.births.int(id, birth.listOrLife);
    return word < 0 ? -word : 0;
  }

  #list(id: ZnodeId): number {
    const word = this.births.int(id, birth.listOrLife);
    return word < 0 ? this.lives.int(-word, life.list) : word;
  }

  /** The children of a znode, in order of creation. */
  *children(id: ZnodeId): Generator<ZnodeId> {
    const own = this.life(id);
    if (own === 0) return;
    for (let at = this.lives.int(own, life.firstChild); at !== 0; at = this.births.int(at, birth.next)) yield at;
  }

  /** The child of that name; 0 when there is none. */
  child(parent: ZnodeId, name: NameRange): ZnodeId {
    const { births } = this;
    const { hash } = name;
    for (let id = this.#index.first(hash); id !== 0; id = births.int(id, birth.chain)) {
      if (births.int(id, birth.hash) !== hash || births.int(id, birth.parent) !== parent) continue;
      if (this.#isNamed(id, name)) return id;
    }
    return 0;
  }

  /** Adds a child, which must not be there. */
  add(parent: ZnodeId, name: NameRange, born: Newborn): ZnodeId {
    const id = this.births.allocate();
    this.#write(id, name, born);
    this.#link(id, parent, name.hash);
    return id;
  }

  /** Makes a znode without a parent the child of one. */
  adopt(id: ZnodeId, parent: ZnodeId): void {
    const { bytes, start, end } = this.#nameOf(id);
    this.#link(id, parent, hashBytes(parent, bytes, start, end));
  }

  #link(id: ZnodeId, parent: ZnodeId, hash: number): void {
    const { births, lives } = this;
    births.setInt(id, birth.parent, parent);
    births.setInt(id, birth.hash, hash);
    this.#index.add(id);
    const parentLife = this.lifeOf(parent);
    lives.setInt(parentLife, life.childCount, lives.int(parentLife, life.childCount) + 1);
    const first = lives.int(parentLife, life.firstChild);
    if (first === 0) {
      lives.setInt(parentLife, life.firstChild, id);
      births.setInt(id, birth.previous, id);
      return;
    }
    const last = births.int(first, birth.previous);
    births.setInt(last, birth.next, id);
    births.setInt(id, birth.previous, last);
    births.setInt(first, birth.previous, id);
  }

  /** Adds the root, or a znode that still lacks its parent: `adopt` gives it one. */
  addOrphan(name: Octets, born: Newborn): ZnodeId {
    const id = this.births.allocate();
    this.#write(id, { octets: name, start: 0, end: name.length, hash: 0 }, born);
    return id;
  }

  /** Takes a znode without children away. */
  remove(id: ZnodeId): void {
    if (this.parent(id) !== 0) this.#abandon(id);
    const { births } = this;
    const address = births.int(id, birth.address);
    this.heap.release(address, nameRoom(this.nameLength(id)) + Math.max(0, this.dataLength(id)));
    this.lists.release(this.#list(id));
    const own = this.life(id);
    if (own !== 0) this.lives.release(own);
    births.setInt(id, birth.address, 0);
    births.release(id);
  }

  /** The second record of a znode, begun when there is none. */
  lifeOf(id: ZnodeId): RecordId {
    const { births, lives } = this;
    const list = births.int(id, birth.listOrLife);
    if (list < 0) return -list;
    const fresh = lives.allocate();
    const czxid = births.double(id, birth.czxid);
    lives.setDouble(fresh, life.mzxid, czxid);
    lives.setDouble(fresh, life.mtime, births.double(id, birth.ctime));
    lives.setDouble(fresh, life.pzxid, czxid);
    lives.setInt(fresh, life.list, list);
    births.setInt(id, birth.listOrLife, -fresh);
    return fresh;
  }

  /** Replaces the data of a znode. */
  replaceData(id: ZnodeId, data: Span | null): void {
    const { births, heap } = this;
    const name = nameRoom(this.nameLength(id));
    const before = name + Math.max(0, this.dataLength(id));
    const after = name + (data === null ? 0 : data.length);
    let address = births.int(id, birth.address);
    if (!heap.sameClass(before, after)) {
      const fresh = heap.allocate(after);
      const start = heap.offset(address);
      heap.bytes(address).copy(heap.bytes(fresh), heap.offset(fresh), start, start + name);
      heap.release(address, before);
      births.setInt(id, birth.address, fresh);
      address = fresh;
    }
    births.setInt(id, birth.dataLength, data === null ? -1 : data.length);
    if (data !== null) data.copyTo(heap.bytes(address), heap.offset(address) + name);
  }

  /** The name of a znode. */
  name(id: ZnodeId): Octets {
    const { bytes, start, end } = this.#nameOf(id);
    return bytes.latin1Slice(start, end);
  }

  /** The data of a znode. */
  data(id: ZnodeId): Octets | null {
    const length = this.dataLength(id);
    if (length < 0) return null;
    const { bytes, end } = this.#nameOf(id);
    return bytes.latin1Slice(end, end + length);
  }

  /** Writes the data of a znode as a jute `buffer`. */
  writeData(id: ZnodeId, writer: Writer): void {
    const length = this.dataLength(id);
    writer.int(length);
    if (length <= 0) return;
    const address = this.births.int(id, birth.address);
    const { end } = this.#nameOf(id);
    writer.copyWords(this.heap.view(address), end, end + length);
  }

  /** Writes the name of a znode as a jute `ustring`. */
  writeName(id: ZnodeId, writer: Writer): void {
    const address = this.births.int(id, birth.address);
    const { start, end } = this.#nameOf(id);
    writer.int(end - start);
    writer.copyWords(this.heap.view(address), start, end);
  }

  /** Copies the name of a znode to a place in `bytes`. */
  copyName(id: ZnodeId, bytes: Buffer, at: number): void {
    const name = this.#nameOf(id);
    name.bytes.copy(bytes, at, name.start, name.end);
  }

  #nameOf(id: ZnodeId): { readonly bytes: Buffer; readonly start: number; readonly end: number } {
    const address = this.births.int(id, birth.address);
    const bytes = this.heap.bytes(address);
    const at = this.heap.offset(address);
    const start = nameStartAt(bytes, at);
    return { bytes, start, end: start + nameLengthAt(bytes, at) };
  }

  #write(id: ZnodeId, { octets, start, end }: NameRange, born: Newborn): void {
    const { data, acl, lifetime, czxid, ctimeMs } = born;
    const { births, heap } = this;
    const nameLength = end - start;
    const address = heap.allocate(nameRoom(nameLength) + (data === null ? 0 : data.length));
    const bytes = heap.bytes(address);
    const at = beginName(bytes, heap.offset(address), nameLength, lifetimes.indexOf(lifetime));
    for (let i = 0; i < nameLength; i += 1) bytes[at + i] = octets.charCodeAt(start + i);
    if (data !== null) data.copyTo(bytes, at + nameLength);
    births.setDouble(id, birth.czxid, czxid);
    births.setDouble(id, birth.ctime, ctimeMs);
    births.setInt(id, birth.address, address);
    births.setInt(id, birth.dataLength, data === null ? -1 : data.length);
    births.setInt(id, birth.listOrLife, this.lists.take(acl));
  }

  #abandon(id: ZnodeId): void {
    const { births, lives } = this;
    this.#index.remove(id);
    const parentLife = this.life(this.parent(id));
    lives.setInt(parentLife, life.childCount, lives.int(parentLife, life.childCount) - 1);
    const first = lives.int(parentLife, life.firstChild);
    const previous = births.int(id, birth.previous);
    const next = births.int(id, birth.next);
    if (id === first) lives.setInt(parentLife, life.firstChild, next);
    else births.setInt(previous, birth.next, next);
    if (next !== 0) births.setInt(next, birth.previous, previous);
    else if (id !== first) births.setInt(first, birth.previous, previous);
  }

  #isNamed(id: ZnodeId, { octets, start, end }: NameRange): boolean {
    const address = this.births.int(id, birth.address);
    const bytes = this.heap.bytes(address);
    const at = this.heap.offset(address);
    if (nameLengthAt(bytes, at) !== end - start) return false;
    const shift = nameStartAt(bytes, at) - start;
    for (let i = start; i < end; i += 1) if (bytes[shift + i] !== octets.charCodeAt(i)) return false;
    return true;
  }
}

// Taken out of the global object once: in a context of its own, as under a test runner, each look there is slow.
const { imul } = Math;

/**
 * Odd, and 2^32 by the golden ratio. Nothing follows the last character on purpose: names that differ in it alone, as
 * numbered ones do, lie side by side in the index and so in the processor's cache.
 */
const HASH_FACTOR = 0x9e3779b1;
let hashKey = 0;

/**
 * Has names hashed in a way that nobody outside can foretell: names that were made to have the same hash would turn each
 * look-up into a search. To be called once in a process, before there is any tree.
 *
 * @param key any 32 bits, by chance
 */
export function keyNameHashes(key: number): void {
  hashKey = key | 0;
}

/** What the hash of a name under this parent begins with. */
export function seedHash(parent: ZnodeId): number {
  return (imul(parent, HASH_FACTOR) + hashKey) | 0;
}

/**
 * The hash so far with one more character. Without the shift it would be a polynomial, of which there are names that
 * collide under every key.
 */
export function feedHash(hash: number, octet: number): number {
  return (imul(hash ^ (hash >>> 15), HASH_FACTOR) + octet) | 0;
}

function hashBytes(parent: ZnodeId, bytes: Buffer, start: number, end: number): number {
  let hash = seedHash(parent);
  for (let i = start; i < end; i += 1) hash = feedHash(hash, bytes[i] as number);
  return hash;
}
