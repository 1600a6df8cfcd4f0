import { codeOf } from '@reeve/base';
import { ClientError } from '@reeve/client';
import { ReeveError } from '@reeve/sdk';

/** Starts something that connects, and says it as everywhere when no coordinator answers. */
export async function reach<T>(connect: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (codeOf(error) !== 'unreachable' || error instanceof ReeveError) throw error;
    const reason = error instanceof ClientError ? (error.facts.reason ?? '') : '';
    const advice = reason.startsWith('TLS')
      ? `One is there, but ${reason}.`
      : 'Start one with "reeve up" or "reeve coordinator", or say where it is with --connect or REEVE_CONNECT.';
    throw new ReeveError({ code: 'unreachable', connect, advice }, `no coordinator answers at ${connect}`, {
      cause: error,
    });
  }
}
