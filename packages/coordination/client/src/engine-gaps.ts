import type { OpName } from '@reeve/wire';

/** Operations that not every engine offers: since when ZooKeeper has them, and what to do without. */
const gaps: Partial<Record<OpName, string>> = {
  addWatch: 'persistent watches need ZooKeeper 3.6 or later; use one-shot watches (exists, getData, getChildren)',
  setWatches2: 'persistent watches need ZooKeeper 3.6 or later; use one-shot watches (exists, getData, getChildren)',
  removeWatches: 'removing watches needs ZooKeeper 3.5 or later; a one-shot watch ends with its first event',
  multiRead: 'reading in batches needs ZooKeeper 3.6 or later; read one znode at a time',
  createContainer: 'container znodes need ZooKeeper 3.5.1 or later; delete the parent with its last child instead',
  createTTL: 'znodes with a time to live need ZooKeeper 3.5.3 or later with zookeeper.extendedTypesEnabled=true',
  getEphemerals: 'listing ephemerals needs ZooKeeper 3.6 or later; read the stat of the znodes in question',
  getAllChildrenNumber: 'counting descendants needs ZooKeeper 3.6 or later; list the children level by level',
};

/**
 * Connections that the server may close at an operation before it is taken for the reason. Those between client and
 * server close some at the same request by chance, and whoever is told that the engine has a gap gives up for good.
 */
const CLOSINGS_MAX = 6;
/** The same of connections lost in whatever way. */
const LOSSES_MAX = 10;

/** What to say when the engine refuses `op` as unknown. */
export function gapMessage(op: OpName): string {
  return `this engine does not offer ${op}: ${gaps[op] ?? 'use another engine'}`;
}

/** How many connections were lost with a request, and how many of these the server has closed. */
interface Losses {
  readonly losses: number;
  readonly closings: number;
}

/**
 * What to say when a request was lost with connection after connection: older engines close the connection at an
 * operation they do not know. `undefined` when it should be sent again.
 */
export function lossMessage(op: OpName, { losses, closings }: Losses): string | undefined {
  if (gaps[op] === undefined || (closings < CLOSINGS_MAX && losses < LOSSES_MAX)) return undefined;
  return `${losses} connections were closed at ${op}, as engines do that do not know it: ${gaps[op]}`;
}
