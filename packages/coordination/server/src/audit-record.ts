import type { AuditNote } from '@reeve/replica';
import { type Acl, type Identity, noSession, permissions } from '@reeve/wire';

/** One line of an audit log, under ZooKeeper's names; what does not apply is left out. */
export interface AuditRecord {
  readonly session?: string;
  /** The names that the client had proved, its address among them; the owner of the process for what it does by itself. */
  readonly user: string;
  readonly ip?: string;
  readonly operation: AuditNote['operation'] | 'serverStart' | 'serverStop';
  readonly znode?: string;
  readonly znode_type?: string;
  readonly acl?: string;
  readonly result: 'success' | 'failure' | 'invoked';
}

/** The line for what a replica noted. */
export function auditRecord(note: AuditNote, processUser: string): AuditRecord {
  const { session, asker, operation, path, mode, acl, result } = note;
  return {
    ...(session === noSession ? {} : { session: `0x${session.replace(/^0+/, '')}` }),
    user: asker === undefined ? processUser : asker.identities.map(userOf).filter(Boolean).join(','),
    ...(asker === undefined ? {} : { ip: asker.address }),
    operation,
    ...(path === undefined ? {} : { znode: path }),
    ...(mode === undefined ? {} : { znode_type: mode }),
    ...(acl === undefined ? {} : { acl: acl.map(entryText).join(',') }),
    result,
  };
}

/** Without the digest of a password. */
function userOf({ scheme, id }: Identity): string {
  return scheme === 'digest' ? (id.split(':', 1)[0] ?? '') : id;
}

const letters = [
  [permissions.create, 'c'],
  [permissions.delete, 'd'],
  [permissions.read, 'r'],
  [permissions.write, 'w'],
  [permissions.admin, 'a'],
] as const;

function entryText({ perms, id }: Acl): string {
  const granted = letters.map(([bit, letter]) => ((perms & bit) === 0 ? '' : letter)).join('');
  return `${id.scheme}:${id.id}:${granted}`;
}
