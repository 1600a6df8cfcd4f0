import { CodedError } from '@reeve/base';
import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';

/**
 * Starts something that connects, and says it as everywhere when no coordinator answers. Whoever may be started so is
 * not imported here: a command that connects to nobody is not to wait for it.
 */
export async function reach<T>(connect: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'unreachable' || 'advice' in error.facts) throw error;
    const reason = 'reason' in error.facts ? String(error.facts.reason) : '';
    const advice = reason.startsWith('TLS')
      ? `One is there, but ${reason}.`
      : 'Start one with "reeve up" or "reeve coordinator", or say where it is with --connect or REEVE_CONNECT.';
    const facts = { code: 'unreachable', exitCode: exitCodes.unreachable, advice } as const;
    throw new CliError(facts, `no coordinator answers at ${connect}`, { cause: error });
  }
}
