import type { Coordination, Stat } from '@reeve/client';
import { retrying } from '../recipe/retrying.ts';
import { firstOf, unless } from '../recipe/waiting.ts';
import { sessionEnd } from '../shared/session-end.ts';
import { withdraw } from '../shared/withdraw.ts';

/** What is waited for: that a znode is there, or that it is gone. */
export interface Presence {
  readonly path: string;
  readonly is: 'there' | 'gone';
}

/**
 * Waits until a znode is there, or gone. Says its stat where there is one. Leaves no watch behind.
 *
 * @throws RecipeError `session_over`, or why `stopped` has fired; ClientError where the service refuses
 */
export async function untilPresence(client: Coordination, presence: Presence, stopped: AbortSignal) {
  const end = sessionEnd(client, presence.path);
  const wanted = firstOf(stopped, end.signal);
  try {
    for (;;) {
      const looked = await look(client, presence, wanted);
      if (looked !== 'otherwise') return looked.stat;
    }
  } finally {
    end.forget();
  }
}

/** Looks; where it is otherwise, waits for a change. */
async function look(client: Coordination, { path, is }: Presence, wanted: AbortSignal) {
  let fire: () => void = () => undefined;
  const changed = new Promise<void>((resolve) => {
    fire = resolve;
  });
  const watch = () => fire();
  try {
    const read = retrying({ client, path, stopped: wanted }, () => client.exists(path, { watch }));
    const stat: Stat | undefined = await unless(wanted, path, read);
    if ((stat !== undefined) === (is === 'there')) {
      await withdraw(client, path, () => client.unwatch(path, watch));
      return { stat };
    }
    await unless(wanted, path, changed);
    return 'otherwise';
  } catch (error) {
    await withdraw(client, path, () => client.unwatch(path, watch));
    throw error;
  }
}
