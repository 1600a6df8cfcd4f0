import { type ChangeType, rearm, type Tree, type Watches, type WatchKind } from '@reeve/tree';
import {
  type AddWatchMode,
  addWatchModes,
  type ErrorName,
  errors,
  type RequestOf,
  type Writer,
  watcherTypes,
} from '@reeve/wire';
import { writeNotification } from './answers.ts';
import type { Connection } from './connection.ts';

/** The operations on a connection's own watches. */
export type WatchOp = 'addWatch' | 'checkWatches' | 'removeWatches' | 'setWatches' | 'setWatches2';

/** What they need. */
export interface WatchContext {
  readonly tree: Tree;
  readonly watches: Watches;
  readonly connection: Connection;
  /** Takes the body of the answer; a refusal writes nothing. */
  readonly writer: Writer;
}

const kinds = new Map<number, WatchKind>([
  [watcherTypes.children, 'children'],
  [watcherTypes.data, 'data'],
  [watcherTypes.any, 'any'],
]);
const modes = new Map(Object.entries(addWatchModes).map(([mode, code]) => [code, mode as AddWatchMode] as const));

/** addWatch. A mode that does not exist is answered as ZooKeeper does: the request could not be decoded. */
export function addWatch(
  { watches, connection, writer }: WatchContext,
  request: RequestOf<'addWatch'>,
): ErrorName | undefined {
  const mode = modes.get(request.mode as 0 | 1);
  if (mode === undefined) return 'marshalling_error';
  watches.armPersistent(connection.id, request.path, mode);
  writer.int(errors.ok.code);
  return undefined;
}

/** checkWatches and removeWatches. */
export function lookUpWatch(
  { watches, connection }: WatchContext,
  op: 'checkWatches' | 'removeWatches',
  request: RequestOf<'checkWatches'>,
): ErrorName | undefined {
  const kind = kinds.get(request.type);
  if (kind === undefined) return 'marshalling_error';
  const found =
    op === 'checkWatches'
      ? watches.has(connection.id, request.path, kind)
      : watches.remove(connection.id, request.path, kind);
  return found ? undefined : 'no_watcher';
}

/** setWatches and setWatches2: writes the events that were missed, which come before the answer. */
export function setWatches(context: WatchContext, request: RequestOf<'setWatches'>): void {
  const { connection, writer } = context;
  rearm(context, connection.id, request, (type: ChangeType, path, zxid) => {
    writeNotification(writer, type, path, zxid);
    connection.sent += 1;
  });
}
