import {
  createFlags,
  errorName,
  errors,
  type MultiPart,
  type MultiReadPart,
  type MultiResult,
  openAcl,
} from '@reeve/wire';
import type { Chroot } from './chroot.ts';
import { clientError } from './client-error.ts';
import type { CreateOptions, ReadPart, ReadResult, TransactionPart, TransactionResult } from './coordination.ts';

const ANY_VERSION = -1;

/** One part of a transaction as the server takes it. Its path must be legal. */
export function wirePart(part: TransactionPart, chroot: Chroot): MultiPart {
  const path = chroot.toServer(part.path);
  switch (part.op) {
    case 'create':
      return wireCreate(path, part.data, part);
    case 'delete':
    case 'check':
      return { op: part.op, path, version: part.version ?? ANY_VERSION };
    case 'setData':
      return { op: 'setData', path, data: part.data as Buffer | null, version: part.version ?? ANY_VERSION };
  }
}

/** The three operations that create, by kind of znode; `create` answers the path alone, the others the stat as well. */
export function wireCreate(path: string, data: Uint8Array | null | undefined, options: CreateOptions): WireCreate {
  const { mode = 'persistent', acl = openAcl, ttlMs = 0 } = options;
  const bytes = (data ?? null) as Buffer | null;
  const flags = createFlags[mode];
  switch (mode) {
    case 'container':
      return { op: 'createContainer', path, data: bytes, acl, flags };
    case 'persistent_with_ttl':
    case 'persistent_sequential_with_ttl':
      return { op: 'createTTL', path, data: bytes, acl, flags, ttl: ttlMs };
    default:
      return { op: 'create', path, data: bytes, acl, flags };
  }
}

type WireCreate = MultiPart & { readonly op: 'create' | 'createContainer' | 'createTTL' };

/** What the parts of a committed transaction answered. @throws ClientError naming the part that failed */
export function transactionResults(
  parts: readonly TransactionPart[],
  results: readonly MultiResult[],
  chroot: Chroot,
): readonly TransactionResult[] {
  const failed = failedPart(results);
  if (failed !== -1) throw partError(parts[failed], results[failed] as MultiResult & { op: 'error' }, failed);
  return results.map((result) => transactionResult(result, chroot));
}

/** The position of the part that made a transaction fail; -1 when none did. */
export function failedPart(results: readonly MultiResult[] = []): number {
  return results.findIndex((result) => result.op === 'error' && isCause(result.err));
}

// Parts before the failed one report 0, parts behind it that they were not tried.
function isCause(err: number): boolean {
  return err !== errors.ok.code && err !== errors.runtime_inconsistency.code;
}

function partError(part: TransactionPart | undefined, { err }: { err: number }, failedPart: number) {
  const name = errorName(err);
  const code = name === 'ok' ? 'system_error' : name;
  return clientError({ code, outcome: 'failed', op: `multi ${part?.op}`, path: part?.path ?? '', failedPart });
}

const nothing: TransactionResult = Object.freeze({});

function transactionResult(result: MultiResult, chroot: Chroot): TransactionResult {
  switch (result.op) {
    case 'create':
      return { path: chroot.toClient(result.path) };
    case 'create2':
      return { path: chroot.toClient(result.path), stat: result.stat };
    case 'setData':
      return { stat: result.stat };
    default:
      return nothing;
  }
}

/** One read of a batch as the server takes it. Its path must be legal. */
export function wireRead(part: ReadPart, chroot: Chroot): MultiReadPart {
  return { op: part.op, path: chroot.toServer(part.path), watch: false };
}

/** What one read of a batch answered. */
export function readResult(result: MultiResult): ReadResult {
  switch (result.op) {
    case 'getData':
      return { ok: true, data: result.data, stat: result.stat };
    case 'getChildren':
      return { ok: true, children: result.children };
    default:
      return { ok: false, code: result.op === 'error' ? errorName(result.err) : 'system_error' };
  }
}
