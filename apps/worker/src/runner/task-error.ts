import { codeOf, messageOf } from '@reeve/base';
import type { TaskError } from '@reeve/tasks';

const MESSAGE_CHARACTERS_MAX = 4_096;
const STACK_CHARACTERS_MAX = 8_192;

/** What a handler threw, as it is recorded. */
export function taskErrorOf(thrown: unknown, context = ''): TaskError {
  const message = clip(context + safeMessageOf(thrown), MESSAGE_CHARACTERS_MAX);
  const stack = thrown instanceof Error && typeof thrown.stack === 'string' ? ownFrames(thrown.stack) : undefined;
  if (stack === undefined) return { code: 'handler_failed', message };
  return { code: 'handler_failed', message, stack: clip(stack, STACK_CHARACTERS_MAX) };
}

/** Whether what was thrown says that trying again cannot help. */
export function isPointlessToRetry(thrown: unknown): boolean {
  return codeOf(thrown) === 'do_not_retry';
}

// A thrown value may have a toString that throws in its turn.
function safeMessageOf(thrown: unknown): string {
  try {
    return messageOf(thrown);
  } catch {
    return 'it threw something that has no text form';
  }
}

const RUNNER = new URL('.', import.meta.url).href;

/** Leaves out the frames of the runner: nobody looks for a fault of a handler there. */
function ownFrames(stack: string): string {
  const lines = stack.split('\n');
  const first = lines.findIndex((line) => line.includes(RUNNER));
  return first < 1 ? stack : lines.slice(0, first).join('\n');
}

function clip(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax)}…`;
}
