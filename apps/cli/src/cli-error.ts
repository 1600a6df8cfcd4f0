import { CodedError } from '@reeve/base';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** What can go wrong with a command before, or beside, anything that the SDK reports. */
type CliErrorCode =
  | 'usage'
  | 'input_invalid'
  | 'child_failed'
  | 'command_failed'
  | 'not_obtained'
  | 'lost'
  | 'not_found'
  | 'config_refused'
  | 'stopped_late'
  | 'interrupted'
  | 'different'
  | 'unreachable';

/** Facts of a failed command. */
export interface CliFacts {
  readonly code: CliErrorCode;
  readonly exitCode: ExitCode;
  /** The second line for a person: what to do about it. */
  readonly advice?: string;
}

/** A failure of the command itself; its message is the first line that a person reads. */
export class CliError extends CodedError<CliFacts> {}

/** The command line is wrong. */
export function usageError(message: string, advice?: string): CliError {
  return new CliError(
    { code: 'usage', exitCode: exitCodes.usage, ...(advice === undefined ? {} : { advice }) },
    message,
  );
}

/** Ctrl-C came before the end. */
export function interrupted(): CliError {
  return new CliError({ code: 'interrupted', exitCode: exitCodes.interrupted }, 'interrupted');
}
