import type { TaskError } from '@reeve/tasks';
import type { RunnerExit } from './runner-process.ts';

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
  return `the handler's process exited with code ${exit.code}${lastLine(exit.stderr)}`;
}

function lastLine(stderr: string): string {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  return line === '' ? '' : `: ${line.slice(0, 200)}`;
}
