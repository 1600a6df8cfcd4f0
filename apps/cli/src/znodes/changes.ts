import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '@reeve/base';
import type { Client, Stat, Znode } from '@reeve/client';
import { type DataChoice, type MirrorEvent, type RecipeError, TreeMirror } from '@reeve/recipes';

/** How long to wait before another session is asked for, milliseconds. */
const AGAIN_MS = 1_000;
/** Events that may wait to be printed: a large tree is told in one go. */
const WAITING_MAX = 10_000_000;

/** What happens to znodes. */
export type Change =
  | { readonly kind: 'created' | 'changed'; readonly path: string; readonly znode: Znode | undefined }
  | { readonly kind: 'deleted'; readonly path: string }
  /** All that was there before, or has happened while no server was in touch, has been told. */
  | { readonly kind: 'ready'; readonly znodes: number }
  /** No server is in touch. */
  | { readonly kind: 'stale' };

/** What is followed. */
export interface ChangesOptions {
  readonly root: string;
  /** Levels below the root; all unless given. */
  readonly depth?: number | undefined;
  readonly data: DataChoice;
  /** Opens a session; asked again when that is over. */
  readonly open: () => Promise<Client>;
  /** Ends it. */
  readonly signal: AbortSignal;
}

type Known = Pick<Stat, 'czxid' | 'mzxid'> | 'a name';

/**
 * Follows what happens to a tree over as many sessions as that takes: what has changed between two of them is found by
 * comparison. Without data it is the names that are compared.
 */
export class Changes {
  readonly #options: ChangesOptions;
  readonly #known = new Map<string, Known>();

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  /** Tells what happens, and at first what is there. Ends at the signal. */
  async *read(): AsyncGenerator<Change> {
    const { open, signal } = this.#options;
    let client = await open();
    while (!signal.aborted) {
      try {
        yield* this.#readSession(client);
      } finally {
        await client.close();
      }
      if (signal.aborted) return;
      client = await this.#reopen();
    }
    await client.close();
  }

  async #reopen(): Promise<Client> {
    const { open, signal } = this.#options;
    for (;;) {
      try {
        return await open();
      } catch (error) {
        if (signal.aborted || codeOf(error) !== 'unreachable') throw error;
      }
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async *#readSession(client: Client): AsyncGenerator<Change> {
    const { root, depth, data, signal } = this.#options;
    const mirror = new TreeMirror<DataChoice>(client, { root, depth, data, waitingMax: WAITING_MAX });
    const events = mirror.events[Symbol.asyncIterator]();
    const stop = () => {
      mirror.stop().catch(() => undefined);
    };
    signal.addEventListener('abort', stop, { once: true });
    const starting = mirror.start({ signal });
    // Told as `lost`, or asked for.
    starting.catch(() => undefined);
    try {
      for (let next = await events.next(); next.done !== true; next = await events.next()) {
        if (next.value.kind === 'lost') return refuse(next.value.cause);
        yield* this.#changesOf(next.value, mirror);
      }
    } finally {
      signal.removeEventListener('abort', stop);
      await mirror.stop();
    }
  }

  *#changesOf(event: Exclude<MirrorEvent, { readonly kind: 'lost' }>, mirror: TreeMirror<DataChoice>) {
    switch (event.kind) {
      case 'created':
        yield* this.#found(event.path, event.znode);
        return;
      case 'changed':
        this.#known.set(event.path, knownOf(event.znode));
        yield { kind: 'changed', path: event.path, znode: event.znode } as const;
        return;
      case 'deleted':
        if (this.#known.delete(event.path)) yield { kind: 'deleted', path: event.path } as const;
        return;
      case 'ready':
        // What an earlier session knew and this one does not find is gone.
        for (const path of [...this.#known.keys()].reverse()) if (!mirror.has(path)) yield* this.#gone(path);
        yield { kind: 'ready', znodes: this.#known.size } as const;
        return;
      case 'stale':
        yield event;
    }
  }

  *#found(path: string, znode: Znode | undefined): Generator<Change> {
    const before = this.#known.get(path);
    const now = knownOf(znode);
    this.#known.set(path, now);
    if (before === undefined) yield { kind: 'created', path, znode };
    else if (before === 'a name' || now === 'a name' || before.mzxid === now.mzxid) return;
    else if (before.czxid === now.czxid) yield { kind: 'changed', path, znode };
    else {
      yield { kind: 'deleted', path };
      yield { kind: 'created', path, znode };
    }
  }

  *#gone(path: string): Generator<Change> {
    this.#known.delete(path);
    yield { kind: 'deleted', path };
  }
}

function knownOf(znode: Znode | undefined): Known {
  return znode === undefined ? 'a name' : { czxid: znode.stat.czxid, mzxid: znode.stat.mzxid };
}

/** Another session may serve where one is over; what the service refuses, it refuses again. */
function refuse(cause: unknown): void {
  if ((cause as RecipeError).code !== 'session_over') throw cause;
}
