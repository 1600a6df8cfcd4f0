import type { RequestOf } from '@reeve/wire';
import type { ArmedPaths } from './watch-registry.ts';

/** Servers cut a client whose packet is above `jute.maxbuffer`, so paths go in packets far below it (ZOOKEEPER-706). */
export const SET_WATCHES_BYTES_MAX = 128 * 1024;

/** Bytes of a packet that are no path: its header, its zxid and five counts. */
const FIXED_BYTES = 64;

/** One packet that re-arms watches: the older form wherever it is enough, since every server knows it. */
export type SetWatchesPacket =
  | { readonly op: 'setWatches'; readonly body: RequestOf<'setWatches'> }
  | { readonly op: 'setWatches2'; readonly body: RequestOf<'setWatches2'> };

type Lists = { [K in keyof ArmedPaths]: string[] };

/**
 * The packets that arm `paths` at a server and make it tell what the one-shot ones have missed since `relativeZxid`.
 * Persistent ones come last: servers before 3.9 keep one mode per path, the last one they are told.
 */
export function setWatchesPackets(paths: ArmedPaths, relativeZxid: number): readonly SetWatchesPacket[] {
  const packets: Lists[] = [];
  let current = emptyLists();
  let bytes = FIXED_BYTES;
  for (const kind of ['data', 'absent', 'children', 'persistent', 'recursive'] as const) {
    for (const path of paths[kind]) {
      const size = 4 + Buffer.byteLength(path);
      if (bytes + size > SET_WATCHES_BYTES_MAX) {
        packets.push(current);
        current = emptyLists();
        bytes = FIXED_BYTES;
      }
      current[kind].push(path);
      bytes += size;
    }
  }
  if (bytes > FIXED_BYTES) packets.push(current);
  return packets.map((lists) => packet(lists, relativeZxid));
}

function emptyLists(): Lists {
  return { data: [], absent: [], children: [], persistent: [], recursive: [] };
}

function packet(lists: Lists, relativeZxid: number): SetWatchesPacket {
  const body = { relativeZxid, dataWatches: lists.data, existWatches: lists.absent, childWatches: lists.children };
  if (lists.persistent.length === 0 && lists.recursive.length === 0) return { op: 'setWatches', body };
  const persistentRecursiveWatches = lists.recursive;
  return { op: 'setWatches2', body: { ...body, persistentWatches: lists.persistent, persistentRecursiveWatches } };
}
