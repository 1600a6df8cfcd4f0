import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@reeve/base';
import { TestkitError } from './testkit-error.ts';

const FIRST_PAUSE_MS = 2;
const PAUSE_MS_MAX = 40;

/** How long `eventually` waits, and for what. */
export interface Awaited {
  /** Milliseconds until it gives up; 10 s unless given. */
  readonly deadlineMs?: number;
  /** What should happen, as the end of the sentence "did not happen in time: …". */
  readonly what: string;
}

/**
 * Polls `condition` in short intervals until it answers something truthy, and says what.
 *
 * A condition that throws is not met yet; what it threw last becomes the cause of the failure.
 *
 * @throws TestkitError `did_not_happen`
 */
export async function eventually<T>(condition: () => T | Promise<T>, awaited: Awaited): Promise<NonNullable<T>> {
  const deadline = Date.now() + (awaited.deadlineMs ?? 10_000);
  let cause: unknown;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
    try {
      const answer = await condition();
      if (answer) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() >= deadline) throw missed(awaited, cause);
    await sleep(pauseMs);
  }
}

function missed({ what, deadlineMs = 10_000 }: Awaited, cause: unknown): TestkitError {
  const reason = cause === undefined ? '' : ` (${messageOf(cause)})`;
  const message = `did not happen within ${deadlineMs} ms: ${what}${reason}`;
  return new TestkitError({ code: 'did_not_happen' }, message, { cause });
}
