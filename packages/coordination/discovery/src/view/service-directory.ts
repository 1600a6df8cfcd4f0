import { codeOf } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { decodeInstance } from '../instance/instance-record.ts';
import type { ServiceInstance } from '../instance/service-instance.ts';
import { DEFAULT_SERVICES_ROOT, servicePath } from '../instance/service-paths.ts';

/** Znodes read in one request. */
const READS_AT_ONCE = 64;

/** What there is of a service at one moment. */
export interface ServiceListing {
  readonly service: string;
  /** In the order of their ids. */
  readonly instances: readonly ServiceInstance[];
  /** Znodes among the instances that are none, each with the reason. */
  readonly broken: ReadonlyMap<string, string>;
}

/** The names of all services, in their order; also of those that have no instance now. */
export async function listServices(client: Coordination, root = DEFAULT_SERVICES_ROOT): Promise<readonly string[]> {
  return [...(await childrenOf(client, root))].sort();
}

/** The instances of a service as they are now. A service that is not there has none. */
export async function readService(
  client: Coordination,
  { service, root = DEFAULT_SERVICES_ROOT }: { readonly service: string; readonly root?: string | undefined },
): Promise<ServiceListing> {
  const path = servicePath(root, service);
  const ids = [...(await childrenOf(client, path))].sort();
  const instances: ServiceInstance[] = [];
  const broken = new Map<string, string>();
  for (let at = 0; at < ids.length; at += READS_AT_ONCE) {
    const some = ids.slice(at, at + READS_AT_ONCE);
    const results = await client.multiRead(some.map((id) => ({ op: 'getData' as const, path: `${path}/${id}` })));
    for (const [i, result] of results.entries()) {
      const id = some[i] as string;
      // One that is not there has left since the list was made.
      if (!result.ok || !('data' in result)) continue;
      const read = decodeInstance({ service, id }, result.data ?? new Uint8Array());
      if (read.ok) instances.push(read.instance);
      else broken.set(id, read.reason);
    }
  }
  return { service, instances, broken };
}

async function childrenOf(client: Coordination, path: string): Promise<readonly string[]> {
  try {
    return await client.getChildren(path);
  } catch (error) {
    if (codeOf(error) === 'no_node') return [];
    throw error;
  }
}
