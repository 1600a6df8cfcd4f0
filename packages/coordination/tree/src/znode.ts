import { noSession, type Octets, type SessionId, type Span, sessionId, type Writer } from '@reeve/wire';
import type { AccessList } from './access-list.ts';
import type { RecordId } from './store/records.ts';
import { birth, type Lifetime, life, type ZnodeId, type ZnodeStore } from './store/znode-store.ts';

/** What `prepare` must know of a znode, applied or still pending. */
export interface ZnodeView {
  readonly acl: AccessList;
  readonly lifetime: Lifetime;
  /** The owner of an ephemeral; none otherwise. */
  readonly owner: SessionId;
  readonly version: number;
  readonly aversion: number;
  /** How many children were ever created: the next sequence number. */
  readonly creates: number;
  readonly childCount: number;
}

/** What a znode is born with. */
export interface ZnodeBirth {
  readonly data: Span | null;
  readonly acl: AccessList;
  readonly lifetime: Lifetime;
  readonly owner: SessionId;
  /** Milliseconds without change after which a `ttl` znode goes; 0 for the others. */
  readonly ttlMs: number;
  readonly czxid: number;
  readonly ctimeMs: number;
}

/** A look at one znode, good until the znode goes. */
export class Znode implements ZnodeView {
  readonly id: ZnodeId;
  readonly #store: ZnodeStore;

  constructor(store: ZnodeStore, id: ZnodeId) {
    this.#store = store;
    this.id = id;
  }

  get czxid(): number {
    return this.#store.births.double(this.id, birth.czxid);
  }

  get ctimeMs(): number {
    return this.#store.births.double(this.id, birth.ctime);
  }

  get mzxid(): number {
    const own = this.#own();
    return own === 0 ? this.czxid : this.#store.lives.double(own, life.mzxid);
  }

  set mzxid(value: number) {
    this.#store.lives.setDouble(this.#store.lifeOf(this.id), life.mzxid, value);
  }

  get mtimeMs(): number {
    const own = this.#own();
    return own === 0 ? this.ctimeMs : this.#store.lives.double(own, life.mtime);
  }

  set mtimeMs(value: number) {
    this.#store.lives.setDouble(this.#store.lifeOf(this.id), life.mtime, value);
  }

  /** The zxid of the last create or delete of a child. */
  get pzxid(): number {
    const own = this.#own();
    return own === 0 ? this.czxid : this.#store.lives.double(own, life.pzxid);
  }

  set pzxid(value: number) {
    this.#store.lives.setDouble(this.#store.lifeOf(this.id), life.pzxid, value);
  }

  get version(): number {
    return this.#lived(life.version);
  }

  set version(value: number) {
    this.#live(life.version, value);
  }

  get aversion(): number {
    return this.#lived(life.aversion);
  }

  set aversion(value: number) {
    this.#live(life.aversion, value);
  }

  get creates(): number {
    return this.#lived(life.creates);
  }

  set creates(value: number) {
    this.#live(life.creates, value);
  }

  get childCount(): number {
    return this.#lived(life.childCount);
  }

  /** Creates and deletes of children together: of every child ever created, all but those that live were deleted. */
  get cversion(): number {
    return (this.creates * 2 - this.childCount) | 0;
  }

  get acl(): AccessList {
    return this.#store.accessList(this.id);
  }

  set acl(list: AccessList) {
    this.#store.setAccessList(this.id, list);
  }

  get lifetime(): Lifetime {
    return this.#store.lifetime(this.id);
  }

  get owner(): SessionId {
    return this.#store.owners.get(this.id) ?? noSession;
  }

  get ttlMs(): number {
    return this.#store.ttls.get(this.id) ?? 0;
  }

  get data(): Octets | null {
    return this.#store.data(this.id);
  }

  /** The length of the data, bytes; 0 for null too. */
  get dataLength(): number {
    return Math.max(0, this.#store.dataLength(this.id));
  }

  /** The id of its parent; 0 for the root. */
  get parentId(): ZnodeId {
    return this.#store.parent(this.id);
  }

  /** Makes everything that happened to another znode have happened to this one. */
  live(other: Pick<Znode, 'mzxid' | 'mtimeMs' | 'pzxid' | 'version' | 'aversion' | 'creates'>): void {
    const isNew = other.mzxid === this.czxid && other.pzxid === this.czxid && other.mtimeMs === this.ctimeMs;
    if (isNew && other.version === 0 && other.aversion === 0 && other.creates === 0) return;
    this.mzxid = other.mzxid;
    this.mtimeMs = other.mtimeMs;
    this.pzxid = other.pzxid;
    this.version = other.version;
    this.aversion = other.aversion;
    this.creates = other.creates;
  }

  /** Writes the last name of its path as a jute `ustring`. */
  writeName(writer: Writer): void {
    this.#store.writeName(this.id, writer);
  }

  /** Writes the data as a jute `buffer`. */
  writeData(writer: Writer): void {
    this.#store.writeData(this.id, writer);
  }

  /** The names of the children, in order of creation. */
  *childNames(): Generator<string> {
    for (const id of this.#store.children(this.id)) yield Buffer.from(this.#store.name(id), 'latin1').utf8Slice();
  }

  /** Writes the names of the children as a jute `vector<ustring>`. */
  writeChildNames(writer: Writer): void {
    writer.int(this.childCount);
    const { births } = this.#store;
    for (let id = this.#lived(life.firstChild); id !== 0; id = births.int(id, birth.next)) {
      this.#store.writeName(id, writer);
    }
  }

  /** How many znodes there are from this one down, itself included, and the bytes of their data. */
  get usage(): { znodes: number; bytes: number } {
    const usage = { znodes: 1, bytes: this.dataLength };
    const branch = [this.id];
    for (let id = branch.pop(); id !== undefined; id = branch.pop()) {
      for (const child of this.#store.children(id)) {
        usage.znodes += 1;
        usage.bytes += Math.max(0, this.#store.dataLength(child));
        if (this.#store.life(child) !== 0) branch.push(child);
      }
    }
    return usage;
  }

  /** Its second record; 0 without one. A method: V8 asks its runtime for a private getter each time. */
  #own(): RecordId {
    return this.#store.life(this.id);
  }

  #lived(word: number): number {
    const own = this.#own();
    return own === 0 ? 0 : this.#store.lives.int(own, word);
  }

  #live(word: number, value: number): void {
    this.#store.lives.setInt(this.#store.lifeOf(this.id), word, value);
  }
}

/** Writes a znode's jute `Stat`, straight from its records. */
export function writeStat(writer: Writer, znode: Znode): void {
  writer.long(znode.czxid);
  writer.long(znode.mzxid);
  writer.long(znode.ctimeMs);
  writer.long(znode.mtimeMs);
  writer.int(znode.version);
  writer.int(znode.cversion);
  writer.int(znode.aversion);
  const { owner } = znode;
  if (owner === noSession) writer.long(0);
  else sessionId.encode(writer, owner);
  writer.int(znode.dataLength);
  writer.int(znode.childCount);
  writer.long(znode.pzxid);
}
