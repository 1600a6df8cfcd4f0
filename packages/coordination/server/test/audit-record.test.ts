import { describe, expect, test } from '@jest/globals';
import type { AuditNote } from '@reeve/replica';
import { noSession, type SessionId } from '@reeve/wire';
import { auditRecord } from '../src/audit-record.ts';

const note: AuditNote = {
  operation: 'create',
  result: 'success',
  session: '00010000aba88300' as SessionId,
  asker: {
    address: '10.0.0.1',
    identities: [
      { scheme: 'ip', id: '10.0.0.1' },
      { scheme: 'digest', id: 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=' },
      { scheme: 'super', id: '' },
    ],
  },
  path: '/a',
  mode: 'ephemeral',
  acl: undefined,
};

describe('a line of the audit log', () => {
  test('names the client without its secrets', () => {
    expect(auditRecord(note, 'reeve')).toEqual({
      session: '0x10000aba88300',
      user: '10.0.0.1,bob',
      ip: '10.0.0.1',
      operation: 'create',
      znode: '/a',
      znode_type: 'ephemeral',
      result: 'success',
    });
  });

  test('of what the coordinator does by itself names the owner of its process', () => {
    const alone = { ...note, session: noSession, asker: undefined, operation: 'delete', mode: undefined } as const;
    expect(auditRecord(alone, 'reeve')).toEqual({
      user: 'reeve',
      operation: 'delete',
      znode: '/a',
      result: 'success',
    });
  });

  test('spells an access list', () => {
    const acl = [
      { perms: 31, id: { scheme: 'world', id: 'anyone' } },
      { perms: 1 | 2 | 16, id: { scheme: 'digest', id: 'bob:x=' } },
    ];
    expect(auditRecord({ ...note, operation: 'setAcl', mode: undefined, acl }, 'reeve').acl).toBe(
      'world:anyone:cdrwa,digest:bob:x=:rwa',
    );
  });
});
