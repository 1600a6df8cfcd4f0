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

/** Connections an operation may be lost with before it is taken for the reason. */
const LOSSES_MAX = 3;

/** What to say when the engine refuses `op` as unknown. */
export function gapMessage(op: OpName): string {
  return `this engine does not offer ${op}: ${gaps[op] ?? 'use another engine'}`;
}

/**
 * What to say when a request was lost with connection after connection: older engines close the connection at an
 * operation they do not know. `undefined` when it should be sent again.
 */
export function lossMessage(op: OpName, losses: number): string | undefined {
  if (losses < LOSSES_MAX || gaps[op] === undefined) return undefined;
  return `${losses} connections were closed at ${op}, as engines do that do not know it: ${gaps[op]}`;
}
