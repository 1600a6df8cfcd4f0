import { unreachable } from '@reeve/base';
import type { LoggedTxn, Txn, TxnPart } from '@reeve/tree';
import type { Acl, ErrorName, SessionId } from '@reeve/wire';

/** One change of a transaction, as it is shown. `data` only where it was asked for. */
export interface PartFacts {
  readonly kind: TxnPart['kind'];
  readonly path: string;
  /** The length of the data. */
  readonly bytes?: number;
  readonly data?: string;
  /** How `data` stands there: as text where it is text. */
  readonly encoding?: 'utf8' | 'base64';
  readonly version?: number;
  readonly lifetime?: string;
  readonly ttlMs?: number;
  readonly acl?: readonly Acl[];
}

/** One transaction of a log, as it is shown. */
export interface TxnFacts extends Omit<PartFacts, 'kind' | 'path'> {
  readonly zxid: number;
  readonly timeMs: number;
  readonly session: SessionId;
  readonly xid: number;
  readonly kind: Txn['kind'];
  readonly path?: string;
  readonly parts?: readonly PartFacts[];
  /** Why nothing happened. */
  readonly error?: ErrorName;
  /** Of a session that was opened. */
  readonly timeoutMs?: number;
  /** What a session that ended took with it. */
  readonly ephemerals?: readonly string[];
}

/** Whether data is shown or only counted. */
export type DataDisplay = 'shown' | 'counted';

/** What to show of a transaction. */
export function txnFacts(zxid: number, { txn, ...origin }: LoggedTxn, display: DataDisplay): TxnFacts {
  const { timeMs, session, xid } = origin;
  const head = { zxid, timeMs, session, xid, kind: txn.kind };
  switch (txn.kind) {
    case 'multi':
      return { ...head, parts: txn.parts.map((part) => partFacts(part, display)) };
    case 'refused':
      return { ...head, error: txn.error };
    case 'create_session':
      return { ...head, timeoutMs: txn.timeoutMs };
    case 'close_session':
      return { ...head, ephemerals: txn.ephemerals };
    default:
      return { ...head, ...partFacts(txn, display) };
  }
}

function partFacts(part: TxnPart, display: DataDisplay): PartFacts {
  const { kind, path } = part;
  switch (part.kind) {
    case 'create': {
      const { lifetime, ttlMs, acl } = part;
      const ttl = lifetime === 'ttl' ? { ttlMs } : {};
      return { kind, path, lifetime, ...ttl, ...dataFacts(part.data?.view() ?? null, display), acl: acl.entries };
    }
    case 'set_data':
      return { kind, path, version: part.version, ...dataFacts(part.data?.view() ?? null, display) };
    case 'set_acl':
      return { kind, path, version: part.version, acl: part.acl.entries };
    case 'delete':
    case 'check':
      return { kind, path };
    default:
      return unreachable(part);
  }
}

/** The length of data, and the data where it is asked for. Null data has neither. */
export function dataFacts(bytes: Buffer | null, display: DataDisplay): Pick<PartFacts, 'bytes' | 'data' | 'encoding'> {
  if (bytes === null) return {};
  if (display === 'counted') return { bytes: bytes.length };
  const text = bytes.toString('utf8');
  // Text that comes back the same and holds nothing that a terminal would obey.
  const isText = !hasControl(text) && Buffer.from(text, 'utf8').equals(bytes);
  const shown = isText
    ? ({ data: text, encoding: 'utf8' } as const)
    : ({ data: bytes.toString('base64'), encoding: 'base64' } as const);
  return { bytes: bytes.length, ...shown };
}

function hasControl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(text);
}

/** Whether a transaction touches a znode or anything below it. */
export function touches(facts: TxnFacts, root: string): boolean {
  const paths = [facts.path, ...(facts.parts ?? []).map(({ path }) => path), ...(facts.ephemerals ?? [])];
  return paths.some((path) => path !== undefined && isWithin(path, root));
}

/** Whether a path is `root` or lies below it. */
export function isWithin(path: string, root: string): boolean {
  return root === '/' || path === root || path.startsWith(`${root}/`);
}
