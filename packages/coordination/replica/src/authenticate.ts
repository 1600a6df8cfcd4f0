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
      proveDigest(connection, auth ?? NO_BYTES, options);
      return 'proved';
    case 'ip':
      return 'proved';
    case 'x509':
      return connection.identities.some((identity) => identity.scheme === 'x509') ? 'proved' : 'failed';
    default:
      return 'failed';
  }
}

const NO_BYTES = Buffer.alloc(0);

function proveDigest(
  connection: Connection,
  credentials: Buffer,
  { digest, superDigest }: Pick<ReplicaOptions, 'digest' | 'superDigest'>,
): void {
  const user = credentials.utf8Slice().split(':', 1)[0] ?? '';
  const id = `${user}:${digest(credentials)}`;
  if (id === superDigest) connection.prove({ scheme: 'super', id: '' });
  connection.prove({ scheme: 'digest', id });
}
