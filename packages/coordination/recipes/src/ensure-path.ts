import { codeOf } from '@reeve/base';
import type { Coordination } from '@reeve/client';

/** Creates the persistent znodes that are missing on the way to `path`, and `path` itself. */
export async function ensurePath(client: Coordination, path: string): Promise<void> {
  try {
    await client.create(path, null);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'node_exists') return;
    const slash = path.lastIndexOf('/');
    if (code !== 'no_node' || slash <= 0) throw error;
    await ensurePath(client, path.slice(0, slash));
    await ensurePath(client, path);
  }
}
