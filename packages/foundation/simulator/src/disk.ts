import { codeOf } from '@reeve/base';
import type { Epochs, Membership, SnapshotSource } from '@reeve/zab';
import type { Chance } from './chance.ts';
import type { Timeline } from './timeline.ts';

/** An entry as it is kept. */
export interface StoredEntry {
  readonly zxid: number;
  readonly payload: Buffer;
}

/** A snapshot as it is kept. */
export interface StoredSnapshot {
  readonly zxid: number;
  readonly slices: readonly Buffer[];
}

/** What a disk says when it has done what it was asked for, or cannot. */
export interface DiskListener {
  persisted(zxid: number): void;
  truncated(): void;
  installed(): void;
  failed(): void;
  recovered(): void;
}

type Work =
  | { readonly kind: 'append'; readonly entry: StoredEntry }
  | { readonly kind: 'truncate'; readonly after: number }
  | { readonly kind: 'install'; readonly snapshot: StoredSnapshot };

/** How a disk treats its member: `stuck` does nothing for now, `failing` refuses. */
export type DiskMood = 'well' | 'slow' | 'stuck' | 'failing';

const SLOW_FACTOR = 40;
const SNAPSHOT_PACE_MS = 20;

/**
 * A member's journal on a disk, at the level of entries. What was handed over is on disk later, in order; a crash keeps
 * as much of it as chance will have it, from the front: a record that is torn is as good as none.
 */
export class Disk {
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #syncMs: number;
  /** What survives. */
  #entries: StoredEntry[] = [];
  #snapshot: StoredSnapshot | undefined;
  epochs: Epochs | undefined;
  secret: Buffer | undefined;
  membership: Membership | undefined;
  /** What was asked for and is not certain, in order. */
  #work: Work[] = [];
  /** How much of it the sync under way is about; 0 when there is none. */
  #underWay = 0;
  #syncs = 0;
  #mood: DiskMood = 'well';
  #hasFailed = false;
  /** The era in which the snapshot under way was begun. */
  #keptSince: number | undefined;
  /** Counts what makes a snapshot under way void. */
  #era = 0;
  listener: DiskListener | undefined;

  constructor(timeline: Timeline, chance: Chance, syncMs: number) {
    this.#timeline = timeline;
    this.#chance = chance;
    this.#syncMs = syncMs;
  }

  /** What is on disk for certain, in order. */
  get entries(): readonly StoredEntry[] {
    return this.#entries;
  }

  get snapshot(): StoredSnapshot | undefined {
    return this.#snapshot;
  }

  get lastZxid(): number {
    return this.#entries.at(-1)?.zxid ?? this.#snapshot?.zxid ?? 0;
  }

  /** Whether an entry is on disk, by itself or in a snapshot. */
  holds(zxid: number): boolean {
    if (this.#snapshot !== undefined && this.#snapshot.zxid >= zxid) return true;
    for (let at = this.#entries.length - 1; at >= 0; at -= 1) {
      const known = (this.#entries[at] as StoredEntry).zxid;
      if (known <= zxid) return known === zxid;
    }
    return false;
  }

  append(entries: readonly StoredEntry[]): void {
    if (this.#hasFailed) return;
    for (const { zxid, payload } of entries) {
      this.#work.push({ kind: 'append', entry: { zxid, payload: Buffer.from(payload) } });
    }
    this.#begin();
  }

  truncate(after: number): void {
    this.#ask({ kind: 'truncate', after });
  }

  install(source: SnapshotSource): void {
    const slices = Array.from(source.slices, (slice) => Buffer.from(slice));
    this.#ask({ kind: 'install', snapshot: { zxid: source.zxid, slices } });
  }

  /** Writes a snapshot while the member goes on, and lets go of the entries that it makes superfluous: one at a time. */
  keep(source: SnapshotSource): void {
    const era = this.#era;
    if (this.#keptSince === era) return;
    this.#keptSince = era;
    this.#timeline.after(this.#chance.wait(SNAPSHOT_PACE_MS), () => {
      if (era !== this.#era) return;
      const slices = unlessOvertaken(source);
      if (slices === undefined) return;
      this.#keepWhenLogged({ zxid: source.zxid, slices }, source.lastZxidSeen());
    });
  }

  /** Changes how it treats its member from now on. */
  become(mood: DiskMood): void {
    this.#mood = mood;
    if (mood === 'failing') this.#fail();
    else if (this.#hasFailed) this.#recover();
    else this.#begin();
  }

  /** The member is gone: of what was not certain a beginning is kept. */
  crash(): void {
    this.#era += 1;
    const kept = this.#chance.whole(0, this.#work.length);
    for (const work of this.#work.slice(0, kept)) this.#perform(work);
    this.#work = [];
    this.#underWay = 0;
    this.#hasFailed = false;
    if (this.#mood === 'failing') this.#mood = 'well';
  }

  /** Loses the last entries although they were certain: what no disk should do. */
  lose(count: number): void {
    this.#entries = this.#entries.slice(0, Math.max(0, this.#entries.length - count));
  }

  #ask(work: Work): void {
    if (this.#hasFailed) return;
    this.#era += 1;
    this.#work.push(work);
    this.#begin();
  }

  #begin(): void {
    if (this.#underWay > 0 || this.#work.length === 0 || this.#mood === 'stuck') return;
    // What waits shares one sync, but nothing shares one with what changes the log otherwise.
    const other = this.#work.findIndex(({ kind }) => kind !== 'append');
    this.#underWay = other === -1 ? this.#work.length : Math.max(1, other);
    this.#syncs += 1;
    const sync = this.#syncs;
    const mean = this.#mood === 'slow' ? this.#syncMs * SLOW_FACTOR : this.#syncMs;
    this.#timeline.after(0.2 + this.#chance.wait(mean), () => {
      if (sync === this.#syncs && this.#underWay > 0) this.#synced();
    });
  }

  #synced(): void {
    if (this.#mood === 'stuck') {
      this.#underWay = 0;
      return;
    }
    const done = this.#work.splice(0, this.#underWay);
    this.#underWay = 0;
    for (const work of done) this.#perform(work);
    this.#begin();
    const last = done.at(-1);
    if (last?.kind === 'append') this.listener?.persisted(last.entry.zxid);
    else if (last?.kind === 'truncate') this.listener?.truncated();
    else if (last?.kind === 'install') this.listener?.installed();
  }

  #perform(work: Work): void {
    if (work.kind === 'append') this.#entries.push(work.entry);
    else if (work.kind === 'truncate') this.#entries = this.#entries.filter(({ zxid }) => zxid <= work.after);
    else {
      this.#entries = [];
      this.#snapshot = work.snapshot;
    }
  }

  /** A snapshot must not hold traces of what a crash could still take. */
  #keepWhenLogged(snapshot: StoredSnapshot, lastZxidSeen: number): void {
    const era = this.#era;
    this.#timeline.after(this.#chance.wait(SNAPSHOT_PACE_MS), () => {
      if (era !== this.#era) return;
      if (this.lastZxid < lastZxidSeen) this.#keepWhenLogged(snapshot, lastZxidSeen);
      else this.#kept(snapshot);
    });
  }

  #kept(snapshot: StoredSnapshot): void {
    this.#keptSince = undefined;
    this.#snapshot = snapshot;
    this.#entries = this.#entries.filter(({ zxid }) => zxid > snapshot.zxid);
  }

  #fail(): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#era += 1;
    this.#underWay = 0;
    this.listener?.failed();
  }

  /** What was not certain when the disk failed is taken off it: the member was told that it is gone. */
  #recover(): void {
    this.#hasFailed = false;
    this.#work = [];
    this.listener?.recovered();
  }
}

/** What a snapshot holds; nothing where its tree was replaced meanwhile: then it is given up, as the journal does it. */
function unlessOvertaken({ slices }: SnapshotSource): Buffer[] | undefined {
  try {
    return Array.from(slices, (slice) => Buffer.from(slice));
  } catch (error) {
    if (codeOf(error) === 'snapshot_overtaken') return undefined;
    throw error;
  }
}
