import { bool, buffer, type Codec, int, long, record, recurring, ustring, type ValueOf, vector } from './jute.ts';
import { aclList, clientInfo, dataAndStat, stat } from './records.ts';
import { data } from './span-codec.ts';

/** create, create2, createContainer. */
export const createRequest = record({ path: ustring, data, acl: aclList, flags: int });
/** createTTL; `ttl` in milliseconds. */
export const createTtlRequest = record({ path: ustring, data, acl: aclList, flags: int, ttl: long });
/** delete, check: the version -1 stands for any. */
export const pathAndVersion = record({ path: ustring, version: int });
/** exists, getData, getChildren, getChildren2: `watch` arms a one-shot watch. */
export const pathAndWatch = record({ path: recurring, watch: bool });
/** getACL, sync, deleteContainer, getAllChildrenNumber. */
export const pathOnly = record({ path: ustring });
/** setData. */
export const setDataRequest = record({ path: recurring, data, version: int });
/** setACL. */
export const setAclRequest = record({ path: ustring, acl: aclList, version: int });
/** checkWatches, removeWatches; `type` is a `WatcherType`. */
export const pathAndType = record({ path: ustring, type: int });
/** addWatch; `mode` is an `AddWatchMode`. */
export const addWatchRequest = record({ path: ustring, mode: int });
/** auth. */
export const authRequest = record({ type: int, scheme: ustring, auth: buffer });
/** sasl, both directions. */
export const saslToken = record({ token: buffer });
/** getEphemerals. */
export const getEphemeralsRequest = record({ prefixPath: ustring });
/** reconfig. */
export const reconfigRequest = record({
  joiningServers: ustring,
  leavingServers: ustring,
  newMembers: ustring,
  curConfigId: long,
});

const paths: Codec<readonly string[]> = vector(ustring);

/** setWatches: re-arms one-shot watches after a reconnect. */
export const setWatchesRequest = record({
  relativeZxid: long,
  dataWatches: paths,
  existWatches: paths,
  childWatches: paths,
});
/** setWatches2: as setWatches, with the persistent ones. */
export const setWatches2Request = record({
  relativeZxid: long,
  dataWatches: paths,
  existWatches: paths,
  childWatches: paths,
  persistentWatches: paths,
  persistentRecursiveWatches: paths,
});

/** The path that was really created (a sequential one has its suffix), or synchronised. */
export const pathReply = record({ path: ustring });
/** create2 and its kin. */
export const pathAndStatReply = record({ path: ustring, stat });
/** exists, setData, setACL. */
export const statReply = record({ stat });
/** getData, reconfig. */
export const dataReply = dataAndStat;
/** getACL. */
export const aclReply = record({ acl: aclList, stat });
/** getChildren. */
export const childrenReply = record({ children: paths });
/** getChildren2. */
export const childrenAndStatReply = record({ children: paths, stat });
/** getEphemerals. */
export const ephemeralsReply = record({ ephemerals: paths });
/** getAllChildrenNumber. */
export const totalReply = record({ totalNumber: int });
/** addWatch, and the failed parts of a multi: an error number. */
export const errorReply = record({ err: int });
/** whoAmI. */
export const whoAmIReply = record({ clientInfo: vector(clientInfo) });

/** The head of every request. */
export const requestHeader = record({ xid: int, type: int });
/** The head of every reply and notification; `err` is a number of `errors`. */
export const replyHeader = record({ xid: int, zxid: long, err: int });
/** The head of a reply, decoded. */
export type ReplyHeader = ValueOf<typeof replyHeader>;

/** The xids that do not count requests but name a kind of message. */
export const specialXids = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const;
