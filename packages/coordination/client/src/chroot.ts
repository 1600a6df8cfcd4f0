import type { WatchedEvent } from './coordination.ts';

/** Translates between the paths of a client and those of the server, where the client's root is a znode of its own. */
export class Chroot {
  readonly #prefix: string;

  /** @param prefix the path of the znode that is the client's root; empty for the server's own root */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  toServer(path: string): string {
    if (this.#prefix === '') return path;
    return path === '/' ? this.#prefix : this.#prefix + path;
  }

  /** The client's name of a server path; a path outside the client's root stays as it is. */
  toClient(path: string): string {
    const prefix = this.#prefix;
    if (prefix === '' || !path.startsWith(prefix)) return path;
    if (path.length === prefix.length) return '/';
    return path.charCodeAt(prefix.length) === SLASH ? path.slice(prefix.length) : path;
  }

  event(event: WatchedEvent): WatchedEvent {
    return this.#prefix === '' ? event : { ...event, path: this.toClient(event.path) };
  }
}

const SLASH = 47;
