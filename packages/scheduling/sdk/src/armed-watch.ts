import type { Coordination, RequestOptions, WatchListener } from '@reeve/client';
import { isLive } from './link.ts';

/** A recursive watch on one session, and whether that session is over. */
export interface ArmedWatch {
  hasEnded(): boolean;
  disarm(): Promise<void>;
}

/** What to watch, and whom to tell. */
export interface ArmOptions {
  readonly path: string;
  readonly request: RequestOptions;
  readonly onEvent: WatchListener;
  /** Called when the connection was lost and is back: the watch lives, but what happened meanwhile is not told. */
  readonly onGap: () => void;
  /** Called when the session can serve no more: the watch is gone with it. */
  readonly onEnd: () => void;
}

/** Arms a recursive watch. */
export async function armWatch(session: Coordination, options: ArmOptions): Promise<ArmedWatch> {
  let ended = false;
  const watch = await session.watch(options.path, 'persistent_recursive', options.onEvent, options.request);
  const stopEnd = onSessionEnd(session, () => {
    ended = true;
    options.onEnd();
  });
  const stopGap = session.onSession(({ to }) => {
    if (to === 'connected') options.onGap();
  });
  const disarm = async () => {
    stopEnd();
    stopGap();
    // Where the session is over, so is its watch.
    await watch.close().catch(() => {});
  };
  return { hasEnded: () => ended, disarm };
}

/** Calls `listener` once the session can serve no more; the returned function takes that back. */
export function onSessionEnd(session: Coordination, listener: () => void): () => void {
  if (!isLive(session.state)) listener();
  return session.onSession(({ to }) => {
    if (!isLive(to)) listener();
  });
}
