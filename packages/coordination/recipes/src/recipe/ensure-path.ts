import { codeOf } from '@reeve/base';
import type { Coordination, CreateMode } from '@reeve/client';

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

/** Creates `path`, and its parents where they are missing. Says the path that was really created. */
export async function createUnder(
  client: Coordination,
  path: string,
  options: { readonly data: Uint8Array; readonly mode: CreateMode },
): Promise<string> {
  const { data, mode } = options;
  try {
    return await client.create(path, data, { mode });
  } catch (error) {
    if (codeOf(error) !== 'no_node') throw error;
  }
  await ensurePath(client, path.slice(0, path.lastIndexOf('/')));
  return client.create(path, data, { mode });
}
