import { type Codec, int, record, ustring } from './jute.ts';

/** What happened to a znode, or `none` for a change of the connection (Watcher.Event.EventType). */
export type WatchEventType =
  | 'none'
  | 'created'
  | 'deleted'
  | 'data_changed'
  | 'children_changed'
  | 'data_watch_removed'
  | 'child_watch_removed'
  | 'persistent_watch_removed';

/** The number of each event type in the wire. */
export const eventTypes: Readonly<Record<WatchEventType, number>> = {
  none: -1,
  created: 1,
  deleted: 2,
  data_changed: 3,
  children_changed: 4,
  data_watch_removed: 5,
  child_watch_removed: 6,
  persistent_watch_removed: 7,
};

const names = new Map(Object.entries(eventTypes).map(([name, code]) => [code, name as WatchEventType] as const));

/** The number that a notification carries while the connection is in order (KeeperState.SyncConnected). */
export const SYNC_CONNECTED = 3;

/** A notification: what happened, and to which znode. */
export interface WatchEvent {
  readonly type: WatchEventType;
  /** Watcher.Event.KeeperState; `SYNC_CONNECTED` in every notification of a server that is in order. */
  readonly state: number;
  readonly path: string;
}

const eventType: Codec<WatchEventType> = {
  bytesMin: 4,
  encode: (writer, value) => writer.int(eventTypes[value]),
  decode(reader) {
    const code = reader.int();
    const name = names.get(code);
    if (name === undefined) throw reader.malformed(`there is no event type ${code}`);
    return name;
  },
};

/** jute `WatcherEvent`. */
export const watchEvent: Codec<WatchEvent> = record({ type: eventType, state: int, path: ustring });

/** The two modes of addWatch (AddWatchMode). */
export const addWatchModes = { persistent: 0, persistent_recursive: 1 } as const;
/** A mode of addWatch. */
export type AddWatchMode = keyof typeof addWatchModes;

/** Which watches checkWatches and removeWatches mean (Watcher.WatcherType). */
export const watcherTypes = { children: 1, data: 2, any: 3 } as const;
/** A kind of watch to check or remove. */
export type WatcherType = keyof typeof watcherTypes;
