import type { RequestOf } from '@reeve/wire';
import type { ChangeType } from './apply.ts';
import type { Tree } from './tree.ts';
import type { WatcherId, Watches } from './watches.ts';

/** Receives an event that its watcher missed while it was away; `zxid` is -1 where it is not known any more. */
export type MissedSink = (type: ChangeType, path: string, zxid: number) => void;

/**
 * setWatches and setWatches2: arms again what a client had armed on another connection. A one-shot watch whose znode
 * has changed since `relativeZxid` fires instead; persistent ones are armed and tell of nothing that was missed.
 */
export function rearm(
  { tree, watches }: { readonly tree: Tree; readonly watches: Watches },
  watcher: WatcherId,
  request: RequestOf<'setWatches'> & Partial<RequestOf<'setWatches2'>>,
  missed: MissedSink,
): void {
  const since = request.relativeZxid;
  for (const path of request.dataWatches) {
    const znode = tree.get(path);
    if (znode === undefined) missed('deleted', path, -1);
    else if (znode.mzxid > since) missed('data_changed', path, znode.mzxid);
    else watches.armOnce(watcher, path, 'data');
  }
  for (const path of request.existWatches) {
    const znode = tree.get(path);
    if (znode !== undefined) missed('created', path, znode.czxid);
    else watches.armOnce(watcher, path, 'data');
  }
  for (const path of request.childWatches) {
    const znode = tree.get(path);
    if (znode === undefined) missed('deleted', path, -1);
    else if (znode.pzxid > since) missed('children_changed', path, znode.pzxid);
    else watches.armOnce(watcher, path, 'children');
  }
  for (const path of request.persistentWatches ?? []) watches.armPersistent(watcher, path, 'persistent');
  for (const path of request.persistentRecursiveWatches ?? []) {
    watches.armPersistent(watcher, path, 'persistent_recursive');
  }
}
