import { apply, decodeTxn, nobody, SnapshotLoader, type Tree } from '@reeve/tree';
import { type Octets, Reader } from '@reeve/wire';
import type { Entry, Membership, Zab } from '@reeve/zab';
import { membershipPath, type ReadPlace, readMembership } from './membership-text.ts';

/** How much of the end of the log may turn out not to be agreed on, and is not applied before that is known. */
const HELD_ENTRIES_MAX = 10_000;
const HELD_BYTES_MAX = 16 * 1024 * 1024;

/** How a replica is restored. */
export interface RestoringOptions {
  readonly holds: 'back' | 'nothing';
  readonly readPlace: ReadPlace;
}

/**
 * What was on disk, on its way back. One of several members holds the last entries back: they are applied when they are
 * known to be agreed on, so that a leader can still take them away. Those before them may only be replaced whole.
 */
export class Restoring {
  readonly #tree: Tree;
  readonly #holds: 'back' | 'nothing';
  readonly #reader = new Reader();
  readonly #held: Entry[] = [];
  #heldBytes = 0;
  #loader: SnapshotLoader | undefined;

  readonly #readPlace: ReadPlace;

  constructor(tree: Tree, { holds, readPlace }: RestoringOptions) {
    this.#tree = tree;
    this.#holds = holds;
    this.#readPlace = readPlace;
  }

  /** Empties the tree for a snapshot, whose slices are to be given to what is returned. */
  begin(): SnapshotLoader {
    this.#loader = new SnapshotLoader(this.#tree);
    return this.#loader;
  }

  /** The next slice of a snapshot that was begun. */
  slice(bytes: Buffer): void {
    this.#loader?.take(bytes);
  }

  finish(): void {
    this.#loader?.finish();
    this.#loader = undefined;
  }

  /**
   * Takes an entry of the log; one that the snapshot is known to hold is passed over.
   *
   * @throws WireError when its payload is not a transaction
   */
  replay(entry: Entry): void {
    if (entry.zxid <= this.#tree.lastZxid) return;
    if (this.#holds === 'nothing') return this.#apply(entry);
    this.#held.push({ zxid: entry.zxid, payload: Buffer.from(entry.payload) });
    this.#heldBytes += entry.payload.length;
    while (this.#held.length > HELD_ENTRIES_MAX || this.#heldBytes > HELD_BYTES_MAX) this.#release();
  }

  /** Hands over what was held back. Returns the newest membership there is, agreed on or not. */
  end(zab: Zab): Membership | undefined {
    let newest = this.#membership(this.#tree.get(membershipPath)?.data);
    zab.startAfter(this.#tree.lastZxid, newest);
    for (const entry of this.#held) {
      const membership = this.#membershipIn(entry);
      zab.logged(entry, membership);
      newest = membership ?? newest;
    }
    this.#held.length = 0;
    return newest;
  }

  /** The membership that an entry brings, if it is a change of it. */
  #membershipIn({ zxid, payload }: Entry): Membership | undefined {
    const { txn } = decodeTxn(this.#reader.reset(payload));
    const isDescription = txn.kind === 'set_data' && txn.path === membershipPath;
    const membership = isDescription ? this.#membership(txn.data?.octets()) : undefined;
    return membership?.version === zxid ? membership : undefined;
  }

  #membership(description: Octets | null | undefined): Membership | undefined {
    return description ? readMembership(description, this.#readPlace) : undefined;
  }

  #release(): void {
    const oldest = this.#held.shift();
    if (oldest === undefined) return;
    this.#heldBytes -= oldest.payload.length;
    this.#apply(oldest);
  }

  #apply({ zxid, payload }: Entry): void {
    const { session, xid, timeMs, txn } = decodeTxn(this.#reader.reset(payload));
    apply(this.#tree, { session, xid, timeMs, zxid }, txn, nobody);
  }
}
