import type { Client } from '@reeve/client';

/** A client, and how many listen to its session through it. */
export interface CountedClient {
  readonly client: Client;
  readonly listeners: () => number;
}

/** Counts who listens to a session: a recipe that has stopped must not. */
export function counted(client: Client): CountedClient {
  const listening = new Set<() => void>();
  const onSession: Client['onSession'] = (listener) => {
    const stop = client.onSession(listener);
    listening.add(stop);
    return () => {
      listening.delete(stop);
      stop();
    };
  };
  const seen = new Proxy(client, {
    get(target, name) {
      if (name === 'onSession') return onSession;
      const value = Reflect.get(target, name, target);
      // Private members are those of the client, not of what stands before it.
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { client: seen, listeners: () => listening.size };
}
