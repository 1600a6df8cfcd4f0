import type { TaskReport, TaskSpec, TaskStatus, TaskSummary } from '@reeve/sdk';
import { formatDuration } from '../input/duration.ts';
import type { Colors } from './colors.ts';

type State = TaskSummary['state'];

/** The colour of a state: what needs a person is red, what is under way blue or yellow. */
export function paintState(state: State, colors: Colors): (text: string) => string {
  const paints: Readonly<Record<State, (text: string) => string>> = {
    waiting: colors.yellow,
    running: colors.blue,
    succeeded: colors.green,
    failed: colors.red,
    lost: colors.red,
    cancelled: colors.dim,
    expired: colors.dim,
  };
  return paints[state];
}

/** What a task runs, on one line: a handler and its payload, or a command. */
export function describeWork({ work }: TaskSpec): string {
  if (work.kind === 'command') return work.shell ?? work.argv.map(quote).join(' ');
  return work.payload === null ? work.handler : `${work.handler} ${JSON.stringify(work.payload)}`;
}

/** `word` as a shell would need it. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** How long ago something was: `3m 20s`. A clock that differs a little never makes it negative. */
export function ago(time: number, now: number): string {
  return formatDuration(Math.max(0, now - time));
}

/** A moment for people: local time to the second, and how long ago. */
export function formatTime(time: number, now: number): string {
  const at = new Date(time);
  const two = (count: number) => String(count).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const distance = time > now ? `in ${formatDuration(time - now)}` : `${ago(time, now)} ago`;
  return `${date} ${clock} (${distance})`;
}

/** How long the last attempt took, where that is known. */
function tookMs({ startedAt, finishedAt }: TaskStatus): number | undefined {
  return startedAt === undefined ? undefined : Math.max(0, finishedAt - startedAt);
}

/** What there is to know of a task beside its state: why it waits, who is on it, or what came of it. */
export function describeState(task: TaskReport): string {
  if (task.status !== undefined) return describeStatus(task.status);
  if (task.assignment !== undefined) return `attempt ${task.assignment.attempt} on ${task.assignment.workerId}`;
  return task.reason?.message ?? '';
}

/** What came of a task, on one line. */
export function describeStatus(status: TaskStatus): string {
  const took = tookMs(status);
  const parts = [
    status.error === undefined ? undefined : `${status.error.code}: ${status.error.message}`,
    took === undefined ? undefined : `took ${formatDuration(took)}`,
    status.attempts > 1 ? `${status.attempts} attempts` : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

/** `1 task`, `2 tasks`, with thousands apart. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

/** A zxid as every tool of the protocol prints it. */
export function zxidText(zxid: number): string {
  return `0x${zxid.toString(16)}`;
}
