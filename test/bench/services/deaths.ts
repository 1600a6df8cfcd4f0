import type { Side } from './side.ts';

/** The session time-out of an instance that is killed, milliseconds. */
export const VICTIM_SESSION_MS = 4_000;

const VIEWS = 10;

/** Milliseconds from the death of a process that had registered itself until all who follow its service know. */
export async function afterKill(side: Side, path: string): Promise<number> {
  const victim = await side.client(VICTIM_SESSION_MS);
  const observer = await side.client(VICTIM_SESSION_MS);
  await victim.ask({ what: 'register', path });
  await observer.ask({ what: 'watch', path, views: VIEWS });
  const gone = observer.ask({ what: 'gone', path });
  const killedMs = Date.now();
  await victim.kill();
  const tookMs = Number(await gone) - killedMs;
  await observer.kill();
  return tookMs;
}
