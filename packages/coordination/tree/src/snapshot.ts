import { CodedError } from '@reeve/base';
import {
  int,
  long,
  parentPath,
  Reader,
  record,
  type SessionId,
  sessionId,
  ustring,
  type ValueOf,
  Writer,
} from '@reeve/wire';
import { type AccessList, accessList } from './access-list.ts';
import { octetsCodec } from './octets.ts';
import type { Tree } from './tree.ts';
import { lifetimeCodec } from './txn.ts';
import { Znode } from './znode.ts';

/** A snapshot being written: the tree may go on changing between one slice and the next. */
export interface Snapshot {
  /** Everything up to and including this zxid is in it; entries after it are to be replayed over it. */
  readonly zxid: number;
  /** Each slice is whole in itself; they are to be loaded in this order, with their boundaries. */
  readonly slices: Iterable<Buffer>;
  /** The last zxid that may have left a trace in the slices; asked when the last one has been taken. */
  lastZxidSeen(): number;
}

/** Why a snapshot cannot be loaded. */
export interface SnapshotFacts {
  readonly code: 'snapshot_malformed';
  readonly what: string;
}

/** A snapshot that is not one, is of another format, or lacks its end. */
export class SnapshotError extends CodedError<SnapshotFacts> {
  constructor(what: string) {
    super({ code: 'snapshot_malformed', what }, `the snapshot cannot be loaded: ${what}`);
  }
}

/** About how large a slice is: large enough for the disk, small enough not to be felt by those who wait. */
const SLICE_BYTES = 64 * 1024;
const FORMAT = 1;
/** What a record in a slice is about. */
const records = { head: 0x52765301, session: 1, acl: 2, znode: 3, end: 4 } as const;

const sessionRecord = record({ id: sessionId, timeoutMs: int });
const znodeRecord = record({
  path: ustring,
  data: octetsCodec,
  /** The position of its access list among those of the snapshot. */
  acl: int,
  lifetime: lifetimeCodec,
  owner: sessionId,
  ttlMs: long,
  czxid: long,
  ctimeMs: long,
  mzxid: long,
  mtimeMs: long,
  pzxid: long,
  version: int,
  aversion: int,
  creates: int,
});
const endRecord = record({ sessions: int, acls: int, znodes: int });

/**
 * Begins a snapshot of a tree. What is created after this moment is left out; what changes or goes may be caught before
 * or after. Replaying the log from `zxid` on makes up for both, because transactions may be repeated.
 */
export function takeSnapshot(tree: Tree, sliceBytes: number = SLICE_BYTES): Snapshot {
  const zxid = tree.lastZxid;
  return { zxid, slices: slices(tree, zxid, sliceBytes), lastZxidSeen: () => tree.lastZxid };
}

function* slices(tree: Tree, zxid: number, sliceBytes: number): Generator<Buffer> {
  const writer = new SnapshotWriter(zxid);
  for (const [id, timeoutMs] of [...tree.sessions]) {
    writer.session(id, timeoutMs);
    if (writer.length >= sliceBytes) yield writer.take();
  }
  for (const [path, znode] of tree.entries()) {
    // Entries are in order of creation: all that follow are in the log too.
    if (znode.czxid > zxid) break;
    writer.znode(path, znode);
    if (writer.length >= sliceBytes) yield writer.take();
  }
  writer.end();
  yield writer.take();
}

class SnapshotWriter {
  readonly #writer = new Writer(SLICE_BYTES + 4096);
  readonly #acls = new Map<AccessList, number>();
  #sessions = 0;
  #znodes = 0;

  constructor(zxid: number) {
    this.#writer.int(records.head);
    this.#writer.int(FORMAT);
    this.#writer.long(zxid);
  }

  get length(): number {
    return this.#writer.length;
  }

  take(): Buffer {
    return this.#writer.take();
  }

  session(id: SessionId, timeoutMs: number): void {
    this.#writer.int(records.session);
    sessionRecord.encode(this.#writer, { id, timeoutMs });
    this.#sessions += 1;
  }

  znode(path: string, znode: Znode): void {
    const acl = this.#acl(znode.acl);
    this.#writer.int(records.znode);
    // Field by field: a copy by `...` costs more than all the rest, a million times over.
    znodeRecord.encode(this.#writer, {
      path,
      data: znode.data,
      acl,
      lifetime: znode.lifetime,
      owner: znode.owner,
      ttlMs: znode.ttlMs,
      czxid: znode.czxid,
      ctimeMs: znode.ctimeMs,
      mzxid: znode.mzxid,
      mtimeMs: znode.mtimeMs,
      pzxid: znode.pzxid,
      version: znode.version,
      aversion: znode.aversion,
      creates: znode.creates,
    });
    this.#znodes += 1;
  }

  end(): void {
    this.#writer.int(records.end);
    endRecord.encode(this.#writer, { sessions: this.#sessions, acls: this.#acls.size, znodes: this.#znodes });
  }

  #acl(list: AccessList): number {
    const known = this.#acls.get(list);
    if (known !== undefined) return known;
    this.#writer.int(records.acl);
    accessList.encode(this.#writer, list);
    this.#acls.set(list, this.#acls.size);
    return this.#acls.size - 1;
  }
}

/** Loads the slices of a snapshot, one after the other, into a tree. */
export class SnapshotLoader {
  readonly #tree: Tree;
  readonly #reader = new Reader();
  readonly #acls: AccessList[] = [];
  #zxid: number | undefined;
  #znodes = 0;
  #state: 'loading' | 'ended' = 'loading';

  /** The tree is emptied; it is whole again after `finish`. */
  constructor(tree: Tree) {
    this.#tree = tree;
    tree.clear();
  }

  /**
   * Takes the next slice.
   *
   * @throws SnapshotError, WireError when it is not one
   */
  take(slice: Buffer): void {
    const reader = this.#reader.reset(slice);
    if (this.#zxid === undefined) this.#zxid = readHead(reader);
    while (reader.remaining > 0) {
      if (this.#state === 'ended') throw new SnapshotError('something follows its end');
      this.#take(reader, reader.int());
    }
  }

  /**
   * Says that the last slice was taken.
   *
   * @throws SnapshotError when the end is missing
   */
  finish(): void {
    if (this.#state !== 'ended' || this.#zxid === undefined) throw new SnapshotError('its end is missing');
    this.#tree.lastZxid = this.#zxid;
  }

  #take(reader: Reader, kind: number): void {
    switch (kind) {
      case records.session: {
        const session = sessionRecord.decode(reader);
        this.#tree.sessions.set(session.id, session.timeoutMs);
        return;
      }
      case records.acl:
        this.#acls.push(accessList.decode(reader));
        return;
      case records.znode:
        return this.#insert(znodeRecord.decode(reader));
      case records.end:
        return this.#end(endRecord.decode(reader));
      default:
        throw new SnapshotError(`it holds a record of kind ${kind}`);
    }
  }

  #insert(stored: ValueOf<typeof znodeRecord>): void {
    const acl = this.#acls[stored.acl];
    if (acl === undefined) throw new SnapshotError(`${stored.path} has an access list that is not there`);
    const isOrphan = stored.path !== '/' && this.#tree.get(parentPath(stored.path)) === undefined;
    if (isOrphan) throw new SnapshotError(`${stored.path} is there without its parent`);
    const { data, lifetime, owner, ttlMs, czxid, ctimeMs } = stored;
    const znode = new Znode({ data, acl, lifetime, owner, ttlMs, czxid, ctimeMs });
    znode.mzxid = stored.mzxid;
    znode.mtimeMs = stored.mtimeMs;
    znode.pzxid = stored.pzxid;
    znode.version = stored.version;
    znode.aversion = stored.aversion;
    znode.creates = stored.creates;
    this.#tree.insert(stored.path, znode);
    this.#znodes += 1;
  }

  #end(counts: ValueOf<typeof endRecord>): void {
    const whole =
      counts.sessions === this.#tree.sessions.size &&
      counts.acls === this.#acls.length &&
      counts.znodes === this.#znodes;
    if (!whole) throw new SnapshotError('it holds fewer or more records than it says at its end');
    this.#state = 'ended';
  }
}

function readHead(reader: Reader): number {
  if (reader.int() !== records.head) throw new SnapshotError('it does not begin as one');
  const format = reader.int();
  if (format !== FORMAT) throw new SnapshotError(`it has format ${format}; this version knows ${FORMAT}`);
  return reader.long();
}
