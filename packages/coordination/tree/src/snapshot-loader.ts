import { Reader, type ValueOf } from '@reeve/wire';
import { type AccessList, accessList } from './access-list.ts';
import { endRecord, FORMAT, records, SnapshotError, sessionRecord, znodeRecord } from './snapshot-format.ts';
import type { ZnodeId } from './store/znode-store.ts';
import type { Tree } from './tree.ts';

/** Loads the slices of a snapshot, one after the other, into a tree. */
export class SnapshotLoader {
  readonly #tree: Tree;
  readonly #reader = new Reader();
  readonly #acls: AccessList[] = [];
  /** The ids that znodes have here, by those that they had in the tree that was written. */
  readonly #ids = new Ids();
  /** The ids that parents had, by the ids that their children have here. */
  readonly #parents = new Ids();
  readonly #loaded: ZnodeId[] = [];
  #zxid: number | undefined;
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
    this.#link();
    this.#tree.loaded();
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
        return this.#load(reader, znodeRecord.decode(reader));
      case records.end:
        return this.#end(endRecord.decode(reader));
      default:
        throw new SnapshotError(`it holds a record of kind ${kind}`);
    }
  }

  #load(reader: Reader, stored: ValueOf<typeof znodeRecord>): void {
    const name = reader.octets() ?? '';
    const data = reader.span();
    const acl = this.#acls[stored.acl];
    if (acl === undefined) throw new SnapshotError(`${name} has an access list that is not there`);
    const isRoot = stored.parentId === 0;
    if (isRoot !== (this.#loaded.length === 0)) throw new SnapshotError('it does not begin with the root');
    const { lifetime, owner, ttlMs, czxid, ctimeMs } = stored;
    const znode = this.#tree.load(name, { data, acl, lifetime, owner, ttlMs, czxid, ctimeMs });
    znode.live(stored);
    this.#ids.set(stored.id, znode.id);
    this.#parents.set(znode.id, stored.parentId);
    this.#loaded.push(znode.id);
  }

  /**
   * A parent that is missing went while the snapshot was taken, after its children: all that is left of them goes too, as
   * the log after the snapshot says once more.
   */
  #link(): void {
    const orphans: ZnodeId[] = [];
    for (const id of this.#loaded.slice(1)) {
      const parent = this.#ids.get(this.#parents.get(id));
      if (parent === 0) orphans.push(id);
      else this.#tree.link(id, parent);
    }
    for (const id of orphans) this.#tree.prune(id);
  }

  #end(counts: ValueOf<typeof endRecord>): void {
    const whole =
      counts.sessions === this.#tree.sessions.size &&
      counts.acls === this.#acls.length &&
      counts.znodes === this.#loaded.length;
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

/** Ids by ids; 0 for those that were never set. */
class Ids {
  #ids = new Int32Array(1024);

  get(id: ZnodeId): ZnodeId {
    return this.#ids[id] ?? 0;
  }

  set(id: ZnodeId, to: ZnodeId): void {
    if (id >= this.#ids.length) {
      const larger = new Int32Array(Math.max(id + 1, this.#ids.length * 2));
      larger.set(this.#ids);
      this.#ids = larger;
    }
    this.#ids[id] = to;
  }
}
