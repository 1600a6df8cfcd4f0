import { pathFault, sequentialPathFault } from '@reeve/wire';
import type { CreateOptions, TransactionPart } from './coordination.ts';

type Data = Uint8Array | null | undefined;

/** Why these arguments cannot be sent, as a sentence; `undefined` when they can. */
export function argumentFault(path: string, data?: Data): string | undefined {
  const fault = pathFault(path);
  if (fault !== undefined) return `the path ${JSON.stringify(path)} ${fault}`;
  return dataFault(data);
}

/** Why this create cannot be sent. */
export function createFault(
  path: string,
  data: Data,
  { mode = 'persistent', ttlMs }: CreateOptions,
): string | undefined {
  const fault = mode.includes('sequential') ? sequentialPathFault(path) : pathFault(path);
  if (fault !== undefined) return `the path ${JSON.stringify(path)} ${fault}`;
  const expires = mode === 'persistent_with_ttl' || mode === 'persistent_sequential_with_ttl';
  if (expires && !(ttlMs !== undefined && ttlMs > 0)) return `the mode ${mode} needs a ttlMs above 0`;
  if (!expires && ttlMs !== undefined) return `ttlMs means nothing to the mode ${mode}`;
  return dataFault(data);
}

/** Why this part of a transaction cannot be sent. */
export function partFault(part: TransactionPart): string | undefined {
  switch (part.op) {
    case 'create':
      return createFault(part.path, part.data, part);
    case 'setData':
      return argumentFault(part.path, part.data);
    case 'delete':
    case 'check':
      return argumentFault(part.path);
  }
}

// For callers without types: a string here would be sent as that many zero bytes.
function dataFault(data: Data): string | undefined {
  return data === null || data === undefined || ArrayBuffer.isView(data) ? undefined : 'data must be bytes or null';
}
