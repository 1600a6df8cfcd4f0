import { ClientError, type ClientErrorCode, type ReadResult } from '@reeve/client';

/**
 * What a read of a batch has found; nothing where the znode is gone.
 *
 * @throws ClientError where the service refuses
 */
export function foundIn(read: ReadResult | undefined, path: string) {
  if (read === undefined) return undefined;
  if (!read.ok) return refuse(read.code, path);
  if (!('data' in read)) return undefined;
  return { data: read.data ?? Buffer.alloc(0), version: read.stat.version, stat: read.stat };
}

/** The children that a read of a batch has found; none where the znode is gone. @throws as `foundIn` */
export function childrenIn(read: ReadResult | undefined, path: string): readonly string[] {
  if (read === undefined) return [];
  if (!read.ok) return refuse(read.code, path) ?? [];
  return 'children' in read ? read.children : [];
}

function refuse(code: string, path: string): undefined {
  if (code === 'no_node') return undefined;
  throw new ClientError({ code: code as ClientErrorCode, outcome: 'failed', path }, `${path}: ${code}`);
}
