import {
  Pending,
  type Preparation,
  prepare,
  prepareClose,
  type QuotaGuard,
  type Tree,
  type Txn,
  type WriteOp,
  type WriteRules,
} from '@reeve/tree';
import { type Identity, type MultiPart, noSession, type RequestOf } from '@reeve/wire';
import type { Agreement } from './agreement.ts';
import type { Barrier, Connection, Proposal } from './connection.ts';
import type { Session } from './sessions.ts';

const NO_PARTS: readonly MultiPart['op'][] = [];
/** The member itself, when it ends what has outlived its time. */
const itself: readonly Identity[] = [{ scheme: 'super', id: '' }];

type Origin = Pick<Proposal, 'session' | 'xid' | 'op' | 'connection' | 'timeMs'> & Partial<Pick<Proposal, 'parts'>>;

/** What a client wants written. */
export interface WriteRequest {
  readonly connection: Connection;
  readonly xid: number;
  readonly op: WriteOp;
  readonly request: unknown;
}

/** What a leader works with. */
export interface LeaderParts {
  readonly tree: Tree;
  readonly rules: WriteRules;
  readonly agreement: Agreement;
  /** None where quotas refuse nothing. */
  readonly quotas: QuotaGuard | undefined;
}

/** What only a leader does: it turns requests into transactions and proposes them. `timeMs` is the time they bear. */
export class Leader {
  readonly #tree: Tree;
  readonly #pending: Pending;
  readonly #rules: WriteRules;
  readonly #agreement: Agreement;
  readonly #quotas: QuotaGuard | undefined;

  constructor(parts: LeaderParts) {
    this.#tree = parts.tree;
    this.#pending = new Pending(parts.tree);
    this.#rules = parts.rules;
    this.#agreement = parts.agreement;
    this.#quotas = parts.quotas;
  }

  /** How many znodes outstanding writes will change. */
  get pendingZnodes(): number {
    return this.#pending.size;
  }

  /** Proposes what a client asked for, or its refusal. */
  write({ connection, xid, op, request }: WriteRequest, timeMs: number): Proposal {
    const txn = prepare(this.#preparation(connection), op, request as never);
    const parts = op === 'multi' ? (request as RequestOf<'multi'>).map((part) => part.op) : NO_PARTS;
    return this.#propose({ session: connection.session, xid, op, connection, parts, timeMs }, txn);
  }

  /** Proposes a session, which its connection waits for. */
  openSession(session: Session, connection: Connection, timeMs: number): Proposal {
    const { id, timeoutMs } = session;
    const txn = { kind: 'create_session', timeoutMs } as const;
    return this.#propose({ session: id, xid: 0, op: 'connect', connection, timeMs }, txn);
  }

  /** Proposes the end of a session, with its ephemerals, or what comes before it: only the last is for who asked. */
  closeSession({ id: session }: Session, asked: Pick<Proposal, 'connection' | 'xid' | 'timeMs'>): Proposal {
    const txn = prepareClose(this.#pending, this.#tree, { session, zxid: this.#agreement.nextZxid });
    const { timeMs } = asked;
    const origin = txn.kind === 'close_session' ? asked : { connection: undefined, xid: 0, timeMs };
    return this.#propose({ session, op: 'closeSession', ...origin }, txn);
  }

  /** Proposes to delete a container or TTL znode that is due, unless it is in use again. */
  reap(path: string, timeMs: number): void {
    // What is outstanding will change it: whoever asked for that is to find it.
    if (this.#pending.get(path)?.zxid !== 0) return;
    const preparation = this.#preparation({ session: noSession, identities: itself });
    const txn = prepare(preparation, 'deleteContainer', { path });
    if (txn.kind === 'refused') return;
    this.#propose({ session: noSession, xid: 0, op: 'deleteContainer', connection: undefined, timeMs }, txn);
  }

  /** Notes that the tree has everything up to a zxid. */
  applied(zxid: number): void {
    this.#pending.applied(zxid);
  }

  /** Gives up everything outstanding, and says what it was. */
  abandon(): (Proposal | Barrier)[] {
    this.#pending.clear();
    return this.#agreement.abandon();
  }

  #preparation(asker: Preparation['asker']): Preparation {
    return { pending: this.#pending, asker, rules: this.#rules, zxid: this.#agreement.nextZxid, quotas: this.#quotas };
  }

  #propose(origin: Origin, txn: Txn): Proposal {
    const zxid = this.#agreement.nextZxid;
    const { session, xid, op, connection, parts = NO_PARTS, timeMs } = origin;
    const proposal: Proposal = { kind: 'proposal', zxid, session, xid, timeMs, txn, op, parts, connection };
    this.#agreement.propose(proposal);
    return proposal;
  }
}
