import { type OpName, opName } from '@reeve/wire';

/** ZooKeeper's four letters for an operation. */
const shortNames: Readonly<Partial<Record<OpName, string>>> = {
  create: 'CREA',
  create2: 'CRE2',
  createContainer: 'CREC',
  createTTL: 'CRET',
  delete: 'DELE',
  deleteContainer: 'DELC',
  exists: 'EXIS',
  getData: 'GETD',
  setData: 'SETD',
  getACL: 'GETA',
  setACL: 'SETA',
  getChildren: 'GETC',
  getChildren2: 'GETC',
  getAllChildrenNumber: 'GACN',
  getEphemerals: 'GETE',
  sync: 'SYNC',
  ping: 'PING',
  check: 'CHEC',
  multi: 'MULT',
  multiRead: 'MLTR',
  setWatches: 'SETW',
  setWatches2: 'STW2',
  addWatch: 'ADDW',
  checkWatches: 'CHKW',
  removeWatches: 'REMW',
  whoAmI: 'WHOA',
  closeSession: 'CLOS',
};

/** The four letters for the number of an operation; `SESS` for none, which is the handshake. */
export function shortName(op: number): string {
  const name = opName(op);
  return name === undefined ? 'SESS' : (shortNames[name] ?? 'NA');
}
