import { basename, resolve } from 'node:path';
import { type DataPlace, loadState, namesIn } from './data-directory.ts';
import { readZooKeeperFiles, type ZnodeOrigins } from './zookeeper/data-files.ts';

/**
 * Reads from a server's files what the protocol does not tell: which znodes are containers, and which have a time to
 * live. The directory is Apache ZooKeeper's or Reeve's; the server may be at work there.
 *
 * @throws ArchiveError, JournalError
 */
export async function readOrigins(place: DataPlace): Promise<ZnodeOrigins> {
  const names = await namesIn(place.dataDirectory);
  const isZooKeepers = names.includes('version-2') || basename(resolve(place.dataDirectory)) === 'version-2';
  return isZooKeepers ? readZooKeeperFiles(place) : reeveOrigins(place);
}

async function reeveOrigins(place: DataPlace): Promise<ZnodeOrigins> {
  const { tree } = await loadState(place);
  return {
    lastZxid: tree.lastZxid,
    get(path) {
      const znode = tree.get(path);
      if (znode === undefined) return undefined;
      const { czxid, lifetime, ttlMs } = znode;
      return { czxid, lifetime, ttlMs };
    },
  };
}
