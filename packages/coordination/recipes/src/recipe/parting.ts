import { codeOf } from '@reeve/base';
import type { Coordination, WatchListener } from '@reeve/client';
import { retrying } from './retrying.ts';

/** How long a recipe that stops waits for a server to take back what it has done, milliseconds. */
const PARTING_MS_MAX = 2_000;

/** Nobody can stop what takes things back, but the end of the session. */
const unstoppable = new AbortController().signal;

/** Takes back what a recipe has done: tries until it succeeds or the session is over. Waits for it as `inTime` does. */
export function takeBack(client: Coordination, path: string, step: () => Promise<void>): Promise<void> {
  return inTime(client, retrying({ client, path, stopped: unstoppable }, step));
}

/**
 * Waits for a last piece of work: while a server is in touch, and no longer than a stop may take. After that the work
 * goes on by itself, and what it meets concerns nobody: the session ends it at last.
 *
 * @throws what the work throws meanwhile
 */
export function inTime(client: Coordination, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      unsubscribe();
      resolve();
    };
    const timer = setTimeout(leave, PARTING_MS_MAX);
    const unsubscribe = client.onSession(leave);
    work.catch(reject).finally(leave);
    if (client.state !== 'connected') leave();
  });
}

/** Takes a one-shot watch back, where the engine can: another keeps it until its first event, which nobody will hear. */
export async function disarm(client: Coordination, path: string, listener: WatchListener): Promise<void> {
  try {
    await client.unwatch(path, listener);
  } catch (error) {
    if (codeOf(error) !== 'engine_unsupported') throw error;
  }
}
