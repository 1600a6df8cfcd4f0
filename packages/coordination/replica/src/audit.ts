import type { TxnPart } from '@reeve/tree';
import {
  type Acl,
  type CreateMode,
  createMode,
  type Identity,
  type MultiPart,
  noSession,
  type RequestOf,
  type SessionId,
} from '@reeve/wire';
import type { Forwarded, Proposal } from './connection.ts';

/** What an audit log tells of, in ZooKeeper's words (AuditConstants). */
export type AuditedOperation =
  | 'create'
  | 'delete'
  | 'setData'
  | 'setAcl'
  | 'multiOperation'
  | 'ephemeralZNodeDeletionOnSessionCloseOrExpire';

/** A change, or one that was refused, and who wanted it. */
export interface AuditNote {
  readonly operation: AuditedOperation;
  readonly result: 'success' | 'failure';
  /** The session that asked, or that ended; none where the member itself deletes what has outlived its time. */
  readonly session: SessionId;
  /** Who asked, by what it had proved by then; nobody asks for what the member does by itself. */
  readonly asker: { readonly identities: readonly Identity[]; readonly address: string } | undefined;
  /** As it was made, with the number of a sequential one; as it was asked for where nothing was made. */
  readonly path: string | undefined;
  /** The kind of znode that was to be created. */
  readonly mode: CreateMode | undefined;
  /** The access list that was to be set. */
  readonly acl: readonly Acl[] | undefined;
}

type Fate = Pick<AuditNote, 'result' | 'session' | 'asker'>;
type Change = Pick<AuditNote, 'operation' | 'path'> & Partial<Pick<AuditNote, 'mode' | 'acl'>>;

interface Asked {
  readonly request: unknown;
  readonly asker: AuditNote['asker'];
}

/** Keeps what was asked until its fate is known, and then notes both. There is none unless somebody wants to read it. */
export class AuditTrail {
  readonly #notes: AuditNote[];
  /** By what waits for an answer; no more than are outstanding. */
  readonly #asked = new Map<Proposal | Forwarded, Asked>();

  /** @param notes where it writes */
  constructor(notes: AuditNote[]) {
    this.#notes = notes;
  }

  /** A client's write was proposed, here or by way of the leader. */
  proposed(item: Proposal | Forwarded, request: unknown): void {
    if (item.connection === undefined) return;
    const { identities, address } = item.connection;
    this.#asked.set(item, { request, asker: { identities, address } });
  }

  /** What has waited here, as `item`, was applied. */
  committed(proposal: Proposal, item: Proposal | Forwarded): void {
    const asked = this.#asked.get(item);
    this.#asked.delete(item);
    if (asked !== undefined) return this.#answered(proposal, asked);
    const { op, session, txn } = proposal;
    if (txn.kind === 'close_session') this.#ended(session, txn.ephemerals);
    else if (op === 'closeSession' && txn.kind === 'multi')
      for (const { path } of txn.parts) this.#ended(session, [path]);
    else if (op === 'deleteContainer' && txn.kind === 'delete') this.#reaped(txn.path);
  }

  /** What is outstanding was given up: nobody knows its fate. */
  abandoned(): void {
    this.#asked.clear();
  }

  #ended(session: SessionId, paths: readonly string[]): void {
    const operation = 'ephemeralZNodeDeletionOnSessionCloseOrExpire';
    for (const path of paths) this.#note({ result: 'success', session, asker: undefined }, { operation, path });
  }

  #reaped(path: string): void {
    this.#note({ result: 'success', session: noSession, asker: undefined }, { operation: 'delete', path });
  }

  #answered({ op, session, txn }: Proposal, { request, asker }: Asked): void {
    const fate: Fate = { result: txn.kind === 'refused' ? 'failure' : 'success', session, asker };
    if (op === 'multi') {
      if (txn.kind === 'refused') return this.#note(fate, { operation: 'multiOperation', path: undefined });
      if (txn.kind !== 'multi') return;
      const parts = request as RequestOf<'multi'>;
      for (const [position, part] of txn.parts.entries()) this.#part(fate, parts[position] as MultiPart, part);
      return;
    }
    const change = changeOf(op, request);
    if (change === undefined) return;
    this.#note(fate, txn.kind === 'create' ? { ...change, path: txn.path } : change);
  }

  #part(fate: Fate, asked: MultiPart, { path }: TxnPart): void {
    const change = changeOf(asked.op, asked);
    if (change !== undefined) this.#note(fate, { ...change, path });
  }

  #note(fate: Fate, { operation, path, mode, acl }: Change): void {
    this.#notes.push({ ...fate, operation, path, mode, acl });
  }
}

/** What a request wants changed; nothing where it is none of the operations that are told of. */
function changeOf(op: Proposal['op'], request: unknown): Change | undefined {
  const { path, flags, acl } = request as { path: string; flags: number; acl: readonly Acl[] };
  switch (op) {
    case 'create':
    case 'create2':
    case 'createContainer':
    case 'createTTL':
      return { operation: 'create', path, mode: createMode(flags) };
    case 'delete':
    case 'deleteContainer':
      return { operation: 'delete', path };
    case 'setData':
      return { operation: 'setData', path };
    case 'setACL':
      return { operation: 'setAcl', path, acl };
    default:
      return undefined;
  }
}
