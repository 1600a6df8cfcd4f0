import type { Client } from '@reeve/client';
import { ConfigFollower, ConfigPublisher } from '@reeve/configuration';
import type { Load, LoadTold, Sessions } from './load-told.ts';

const KEY = 'limits/max';

/** A configuration and those who follow it. */
class Publication {
  readonly #publisher: ConfigPublisher;
  readonly #subscribers: number;
  #published = 0;
  #heard = 0;
  #allHeard: () => void = () => undefined;

  private constructor(publisher: ConfigPublisher, subscribers: number) {
    this.#publisher = publisher;
    this.#subscribers = subscribers;
  }

  static async begin(sessions: Sessions, told: LoadTold): Promise<Publication> {
    const [first, ...others] = (await sessions(told.sessions + 1)) as [Client, ...Client[]];
    const publication = new Publication(new ConfigPublisher(first, { path: told.path }), told.subscribers);
    await publication.#publisher.publish({ set: { [KEY]: 0 } });
    const followers = Array.from({ length: told.subscribers }, (_, i) =>
      publication.#follow(others[i % others.length] as Client, { ...told, id: `subscriber-${i}` }),
    );
    await Promise.all(followers);
    return publication;
  }

  /** Milliseconds from each publish to the last one's having the value. */
  async publish(count: number) {
    const tookMs: number[] = [];
    while (tookMs.length < count) {
      this.#published += 1;
      this.#heard = 0;
      const allHeard = new Promise<void>((resolve) => {
        this.#allHeard = resolve;
      });
      const beganMs = performance.now();
      await this.#publisher.publish({ set: { [KEY]: this.#published } });
      await allHeard;
      tookMs.push(performance.now() - beganMs);
    }
    return { tookMs };
  }

  async #follow(client: Client, { path, report, id }: LoadTold & { readonly id: string }): Promise<void> {
    const follower = new ConfigFollower(client, { path, follow: [KEY], id, report });
    follower.events.subscribe(({ kind }) => {
      if (kind !== 'changed' || follower.get(KEY) !== this.#published) return;
      this.#heard += 1;
      if (this.#heard === this.#subscribers) this.#allHeard();
    });
    await follower.start();
  }
}

const publications = new Map<string, Publication>();

/** Publishing to many; Loads.java has the same. */
export const publishing: Readonly<Record<string, Load>> = {
  subscribe: async (sessions, told) => {
    publications.set(told.path, await Publication.begin(sessions, told));
  },
  publish: (_, { path, count }) => publications.get(path)?.publish(count),
};
