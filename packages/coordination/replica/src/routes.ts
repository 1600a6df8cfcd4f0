import type { ReadOp, WriteOp } from '@reeve/tree';
import { type Codec, type OpName, ops } from '@reeve/wire';
import type { WatchOp } from './watch-requests.ts';

/**
 * How a request is served: `write` becomes a transaction; `read`, `watch` and `ping` are answered from what is there,
 * in their turn; `auth` and `sasl` at once, before whatever waits; the others each in their own way.
 */
export type Route =
  | { readonly by: 'write'; readonly op: WriteOp }
  | { readonly by: 'read'; readonly op: ReadOp }
  | { readonly by: 'watch'; readonly op: WatchOp }
  | { readonly by: 'ping' | 'auth' | 'sasl' | 'sync' | 'close' | 'nobody' };

function write(op: WriteOp): Route {
  return { by: 'write', op };
}

function read(op: ReadOp): Route {
  return { by: 'read', op };
}

function watch(op: WatchOp): Route {
  return { by: 'watch', op };
}

/** The route of every operation. */
export const routes: Readonly<Record<OpName, Route>> = {
  create: write('create'),
  create2: write('create2'),
  createContainer: write('createContainer'),
  createTTL: write('createTTL'),
  delete: write('delete'),
  deleteContainer: write('deleteContainer'),
  setData: write('setData'),
  setACL: write('setACL'),
  check: write('check'),
  multi: write('multi'),
  reconfig: write('reconfig'),
  exists: read('exists'),
  getData: read('getData'),
  getACL: read('getACL'),
  getChildren: read('getChildren'),
  getChildren2: read('getChildren2'),
  getAllChildrenNumber: read('getAllChildrenNumber'),
  getEphemerals: read('getEphemerals'),
  multiRead: read('multiRead'),
  whoAmI: read('whoAmI'),
  addWatch: watch('addWatch'),
  checkWatches: watch('checkWatches'),
  removeWatches: watch('removeWatches'),
  setWatches: watch('setWatches'),
  setWatches2: watch('setWatches2'),
  ping: { by: 'ping' },
  auth: { by: 'auth' },
  sasl: { by: 'sasl' },
  sync: { by: 'sync' },
  closeSession: { by: 'close' },
  // Sessions are opened by the handshake alone.
  createSession: { by: 'nobody' },
};

/** What is known of an operation: found at once by its number, as each request needs all of it. */
export interface Operation {
  readonly op: OpName;
  readonly route: Route;
  readonly request: Codec<unknown>;
}

const byCode = new Map<number, Operation>(
  Object.entries(ops).map(([name, { code, request }]) => {
    const op = name as OpName;
    return [code, { op, route: routes[op], request: request as Codec<unknown> }] as const;
  }),
);

/** The operation of this number; `undefined` when the protocol has none. */
export function operationOf(code: number): Operation | undefined {
  return byCode.get(code);
}

/** Whether a request of this kind may be refused for having waited too long (ZooKeeper's throttledOpWaitTime). */
export function isThrottled({ by }: Route): boolean {
  return by === 'write' || by === 'read' || by === 'watch' || by === 'sync';
}
