import type { Coordination, ReadPart, ReadResult, Watch } from '@reeve/client';
import { bucketFolders, buckets, type Folder, type Layout, type Picture } from '@reeve/tasks';
import { MasterError } from './master-error.ts';

/** Folders listed by one request: at a million tasks each holds about 4,000 names, 160 kB. */
const FOLDERS_PER_READ = 4;
const READS_IN_FLIGHT = 8;

/** What a feed is made of. */
export interface FeedParts {
  readonly coordination: Coordination;
  readonly layout: Layout;
  readonly picture: Picture;
  /** Called after each event that the picture has taken. */
  readonly onEvent: () => void;
}

type Listing = { readonly folder: Folder; readonly path: string };

/**
 * Keeps a picture up to date by one recursive watch. Whenever the connection was lost, events may have been missed:
 * then all folders are listed again.
 *
 * It is no `TreeMirror`: the picture sorts paths into folders as they come, so a mirror would hold the names of a
 * million tasks a second time, and would list each folder by a request of its own, also those that say nothing here.
 */
export class Feed {
  readonly #parts: FeedParts;
  readonly #stopListening: () => void;
  #watch: Watch | undefined;
  /** Counts lost connections: a listing that began before the last one proves nothing. */
  #losses = 0;
  #synced = -1;

  constructor(parts: FeedParts) {
    this.#parts = parts;
    this.#stopListening = parts.coordination.onSession(({ to }) => {
      if (to === 'suspended') this.#losses += 1;
    });
  }

  /** Whether the picture shows all that this connection has been told. */
  get isSynced(): boolean {
    return this.#synced === this.#losses && this.#parts.coordination.state === 'connected';
  }

  /** Brings the picture up to date, for the first time or after a lost connection. */
  async sync(): Promise<void> {
    const { coordination, layout, picture, onEvent } = this.#parts;
    this.#watch ??= await coordination.watch(layout.root, 'persistent_recursive', (event) => {
      picture.apply(event);
      onEvent();
    });
    while (!this.isSynced) {
      const losses = this.#losses;
      await this.#list();
      this.#synced = losses;
    }
  }

  async stop(): Promise<void> {
    this.#stopListening();
    await this.#watch?.close();
  }

  async #list(): Promise<void> {
    const { layout, picture } = this.#parts;
    await this.#listAll([
      { folder: { kind: 'assignments' }, path: layout.assignments },
      { folder: { kind: 'worker' }, path: layout.workers },
    ]);
    // Of every worker that is known, not only of those that were listed: assignments may have gone with their folder.
    const owned = [...picture.workers.keys()].map((workerId): Listing => {
      return { folder: { kind: 'assignment', workerId }, path: layout.assignmentsOf(workerId) };
    });
    await this.#listAll(owned);
    await this.#listAll(bucketListings(layout));
  }

  async #listAll(listings: readonly Listing[]): Promise<void> {
    let next = 0;
    const lane = async () => {
      while (next < listings.length) {
        const part = listings.slice(next, next + FOLDERS_PER_READ);
        next += part.length;
        await this.#listSome(part);
      }
    };
    await Promise.all(Array.from({ length: READS_IN_FLIGHT }, lane));
  }

  async #listSome(listings: readonly Listing[]): Promise<void> {
    const parts = listings.map(({ path }): ReadPart => ({ op: 'getChildren', path }));
    const results = await this.#parts.coordination.multiRead(parts);
    for (const [i, result] of results.entries()) {
      const { folder, path } = listings[i] as Listing;
      this.#parts.picture.list(folder, childrenOf(path, result));
    }
  }
}

/** A folder that is gone has no children. */
function childrenOf(path: string, result: ReadResult): readonly string[] {
  if ('children' in result) return result.children;
  const reason = result.ok ? 'no list' : result.code;
  if (reason === 'no_node') return [];
  throw new MasterError({ code: 'folder_unreadable', path, reason });
}

const kinds = { tasks: 'task', statuses: 'status', retries: 'retry', cancels: 'cancel' } as const;

function bucketListings(layout: Layout): readonly Listing[] {
  return bucketFolders.flatMap((name) =>
    buckets.map(
      (bucket, i): Listing => ({ folder: { kind: kinds[name], bucket: i }, path: `${layout[name]}/${bucket}` }),
    ),
  );
}
