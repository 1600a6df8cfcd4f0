import { codeOf } from '@reeve/base';
import type { Coordination } from '@reeve/client';

/** What is written to the znode of a holder to ask for what it holds (Curator, `LockInternals.REVOKE_MESSAGE`). */
const REVOKE = Buffer.from('__REVOKE__');

/** Whether this data asks the owner of a znode to give back what it holds. */
export function isRevocation(data: Uint8Array | undefined): boolean {
  return data !== undefined && REVOKE.equals(data);
}

/**
 * Asks whoever owns this znode to give back what it holds. Says whether there was anyone to ask; whether it complies is
 * up to the owner.
 */
export async function askToRevoke(client: Coordination, path: string): Promise<'asked' | 'gone'> {
  try {
    await client.setData(path, REVOKE);
    return 'asked';
  } catch (error) {
    if (codeOf(error) === 'no_node') return 'gone';
    throw error;
  }
}
