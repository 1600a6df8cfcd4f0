import type { TaskError } from '@reeve/tasks';
import type { RunnerExit } from './runner-process.ts';

const ERROR_LINE = /^(?:[A-Z]\w*)?Error(?: \[\w+\])?: /;

/** Says what it means for an attempt that its runner ended with it. */
export function exitError(exit: RunnerExit, memoryMaxMb: number | undefined): TaskError {
  if (exit.leaseExpired) {
    return { code: 'worker_lost', message: 'the worker could not renew its lease in time: the attempt was ended' };
  }
  const exitCode = exit.code === null ? {} : { exitCode: exit.code };
  const signal = exit.signal === null ? {} : { signal: exit.signal };
  return { code: 'handler_exited', message: describe(exit, memoryMaxMb), ...exitCode, ...signal };
}

function describe(exit: RunnerExit, memoryMaxMb: number | undefined): string {
  if (/JavaScript heap out of memory|Reached heap limit/.test(exit.stderr)) {
    return `the handler ran out of memory${memoryMaxMb === undefined ? '' : ` (limit ${memoryMaxMb} MB)`}`;
  }
  if (exit.signal === 'SIGKILL') return "the handler's process was killed (SIGKILL): by hand, or for want of memory";
  if (exit.signal !== null) return `the handler's process crashed (${exit.signal})`;
  return `the handler's process exited with code ${exit.code}${lastWords(exit.stderr)}`;
}

/** The error that a process wrote as it ended, else its last line, as the end of a sentence; the rest is in the log. */
export function lastWords(stderr: string): string {
  const lines = stderr.trim().split('\n');
  const line = lines.findLast((one) => ERROR_LINE.test(one)) ?? lines.at(-1) ?? '';
  return line === '' ? '' : `: ${line.slice(0, 200)}`;
}
