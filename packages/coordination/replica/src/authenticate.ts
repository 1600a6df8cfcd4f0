import type { RequestOf } from '@reeve/wire';
import type { Connection } from './connection.ts';
import type { ReplicaOptions } from './options.ts';

/**
 * Adds to a connection the identities that a client proves with an auth request, or says that it has proved none. What
 * the transport proves (`x509`) is there from the start and needs no proof again.
 */
export function authenticate(
  connection: Connection,
  { scheme, auth }: RequestOf<'auth'>,
  options: Pick<ReplicaOptions, 'digest' | 'superDigest'>,
): 'proved' | 'failed' {
  switch (scheme) {
    case 'digest':
      // Every check of an access list looks through all of them.
      if (connection.identities.length >= IDENTITIES_MAX) return 'failed';
      return proveDigest(connection, auth ?? NO_BYTES, options);
    case 'ip':
      return 'proved';
    case 'x509':
      return connection.identities.some((identity) => identity.scheme === 'x509') ? 'proved' : 'failed';
    default:
      return 'failed';
  }
}

const NO_BYTES = Buffer.alloc(0);
/** Identities that one connection may prove. */
const IDENTITIES_MAX = 256;
/** Characters of a user's name: a connection keeps it, and access lists repeat it. */
const USER_LENGTH_MAX = 1024;

function proveDigest(
  connection: Connection,
  credentials: Buffer,
  { digest, superDigest }: Pick<ReplicaOptions, 'digest' | 'superDigest'>,
): 'proved' | 'failed' {
  const user = credentials.utf8Slice().split(':', 1)[0] ?? '';
  if (user.length > USER_LENGTH_MAX) return 'failed';
  const id = `${user}:${digest(credentials)}`;
  if (id === superDigest) connection.prove({ scheme: 'super', id: '' });
  connection.prove({ scheme: 'digest', id });
  return 'proved';
}
