import type { Command } from 'commander';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';

/** What a command does; its exit code is `ok` unless it says another. */
export type Work = (context: Context) => Promise<ExitCode | undefined>;

/** Runs the work of a command: gives it its context, reports what it fails with, and sets the exit code. */
export type Act = (command: Command, work: Work) => Promise<void>;

/** Examples, as the last part of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`;
}
