import { codeOf } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { takeBack } from '../recipe/parting.ts';

/** Takes something back as `takeBack` does; what is over with the session needs nothing more. */
export async function withdraw(client: Coordination, path: string, step: () => Promise<void>): Promise<void> {
  try {
    await takeBack(client, path, step);
  } catch (error) {
    if (codeOf(error) !== 'session_over') throw error;
  }
}

/** Deletes a znode; one that is gone already is no failure. */
export async function deleteIfThere(client: Coordination, path: string): Promise<void> {
  try {
    await client.delete(path);
  } catch (error) {
    if (codeOf(error) !== 'no_node') throw error;
  }
}
