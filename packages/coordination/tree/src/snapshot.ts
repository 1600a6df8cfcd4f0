import { type SessionId, Writer } from '@reeve/wire';
import { type AccessList, accessList } from './access-list.ts';
import { endRecord, FORMAT, records, SnapshotOvertakenError, sessionRecord, znodeRecord } from './snapshot-format.ts';
import type { Tree } from './tree.ts';
import type { Znode } from './znode.ts';

/** A snapshot being written: the tree may go on changing between one slice and the next. */
export interface Snapshot {
  /** Everything up to and including this zxid is in it; entries after it are to be replayed over it. */
  readonly zxid: number;
  /**
   * Each slice is whole in itself, and there until the next one is taken; they are to be loaded in this order, with their
   * boundaries. Once the tree was emptied there are no more: the next one is an error, and so is `lastZxidSeen`.
   */
  readonly slices: Iterable<Buffer>;
  /** The last zxid that may have left a trace in the slices; asked when the last one has been taken. */
  lastZxidSeen(): number;
}

/** About how large a slice is: large enough for the disk, small enough not to be felt by those who wait. */
const SLICE_BYTES = 64 * 1024;

/**
 * Begins a snapshot of a tree. What is created after this moment is left out; what changes or goes may be caught before
 * or after. Replaying the log from `zxid` on makes up for both, because transactions may be repeated.
 */
export function takeSnapshot(tree: Tree, sliceBytes: number = SLICE_BYTES): Snapshot {
  const zxid = tree.lastZxid;
  const { clearings } = tree;
  const check = () => {
    if (tree.clearings !== clearings) throw new SnapshotOvertakenError();
  };
  const lastZxidSeen = () => {
    check();
    return tree.lastZxid;
  };
  return { zxid, slices: checked(slices(tree, zxid, sliceBytes), check), lastZxidSeen };
}

/** Slices, each taken only after a check. */
function* checked(taken: Generator<Buffer>, check: () => void): Generator<Buffer> {
  check();
  for (const slice of taken) {
    yield slice;
    check();
  }
}

function* slices(tree: Tree, zxid: number, sliceBytes: number): Generator<Buffer> {
  const writer = new SnapshotWriter(zxid);
  for (const [id, timeoutMs] of [...tree.sessions]) {
    writer.session(id, timeoutMs);
    if (writer.length >= sliceBytes) yield* writer.slice();
  }
  for (const znode of tree.znodes()) {
    // Whatever came later is in the log too.
    if (znode.czxid > zxid) continue;
    writer.znode(znode);
    if (writer.length >= sliceBytes) yield* writer.slice();
  }
  writer.end();
  yield* writer.slice();
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

  /** What was written, in a buffer that is used again for what follows. */
  *slice(): Generator<Buffer> {
    yield this.#writer.view();
    this.#writer.clear();
  }

  session(id: SessionId, timeoutMs: number): void {
    this.#writer.int(records.session);
    sessionRecord.encode(this.#writer, { id, timeoutMs });
    this.#sessions += 1;
  }

  znode(znode: Znode): void {
    const acl = this.#acl(znode.acl);
    this.#writer.int(records.znode);
    const { id, parentId, lifetime, owner, ttlMs, czxid, ctimeMs, mzxid, mtimeMs, pzxid, version, aversion, creates } =
      znode;
    znodeRecord.encode(this.#writer, {
      id,
      parentId,
      acl,
      lifetime,
      owner,
      ttlMs,
      czxid,
      ctimeMs,
      mzxid,
      mtimeMs,
      pzxid,
      version,
      aversion,
      creates,
    });
    znode.writeName(this.#writer);
    znode.writeData(this.#writer);
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
