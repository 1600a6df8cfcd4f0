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
import { type ErrorName, type Identity, type MultiPart, noSession, type OpName, type RequestOf } from '@reeve/wire';
import type { Membership, Origin } from '@reeve/zab';
import type { Agreement } from './agreement.ts';
import type { Barrier, Connection, Proposal } from './connection.ts';
import { membershipPath, membershipText } from './membership-text.ts';
import { canHave, planReconfiguration, type Standing } from './reconfiguration.ts';
import type { Session } from './sessions.ts';

/** Of a write that is to be done whatever is there. */
const ANY_VERSION = -1;
/** The parts of what is no multi. */
export const NO_PARTS: readonly MultiPart['op'][] = [];
const nobodyAsks: Asker = { connection: undefined, origin: undefined };
/** The member itself, when it ends what has outlived its time. */
const itself: readonly Identity[] = [{ scheme: 'super', id: '' }];

type Asked = Pick<Proposal, 'session' | 'xid' | 'op' | 'timeMs'> & Partial<Pick<Proposal, 'parts'>> & Asker;

/** Who waits for an answer: a connection here, or a learner that asked for one of its own. */
export interface Asker {
  readonly connection: Connection | undefined;
  readonly origin: Origin | undefined;
}

/** What a client wants written. */
export interface WriteRequest extends Asker {
  /** Who it is. */
  readonly client: Preparation['asker'];
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
  /** Where the ensemble stands; none where it cannot be changed by a request. */
  readonly standing: (() => Standing) | undefined;
}

/** What only a leader does: it turns requests into transactions and proposes them. `timeMs` is the time they bear. */
export class Leader {
  readonly #tree: Tree;
  readonly #pending: Pending;
  readonly #rules: WriteRules;
  readonly #agreement: Agreement;
  readonly #quotas: QuotaGuard | undefined;
  readonly #standing: LeaderParts['standing'];

  constructor(parts: LeaderParts) {
    this.#tree = parts.tree;
    this.#pending = new Pending(parts.tree);
    this.#rules = parts.rules;
    this.#agreement = parts.agreement;
    this.#quotas = parts.quotas;
    this.#standing = parts.standing;
  }

  /** How many znodes outstanding writes will change. */
  get pendingZnodes(): number {
    return this.#pending.size;
  }

  /** Whether a new description of the ensemble is not agreed on yet. */
  get isDescribing(): boolean {
    return this.#pending.get(membershipPath)?.zxid !== 0;
  }

  /** Proposes what a client asked for, or its refusal. */
  write(asked: WriteRequest, timeMs: number): Proposal {
    const { client, connection, origin, xid, op, request } = asked;
    const standing = op === 'reconfig' ? this.#standing?.() : undefined;
    if (standing !== undefined) return this.#reconfigure(asked, standing, timeMs);
    const txn = prepare(this.#preparation(client), op, request as never);
    const parts = connection === undefined ? NO_PARTS : partsOf(op, request);
    return this.#propose({ session: client.session, xid, op, connection, origin, parts, timeMs }, txn);
  }

  /** Proposes to refuse what a learner forwarded. */
  refuse(asked: WriteRequest, error: ErrorName, timeMs: number): void {
    const { client, xid, op, connection, origin } = asked;
    const txn = { kind: 'refused', error, failedPart: -1 } as const;
    this.#propose({ session: client.session, xid, op, connection, origin, timeMs }, txn);
  }

  /** Proposes a session, which somebody waits for. */
  openSession({ id, timeoutMs }: Session, asker: Asker, timeMs: number): Proposal {
    const txn = { kind: 'create_session', timeoutMs } as const;
    return this.#propose({ session: id, xid: 0, op: 'connect', ...asker, timeMs }, txn);
  }

  /** Proposes the end of a session, with its ephemerals, or what comes before it: only the last is for who asked. */
  closeSession({ id: session }: Session, asked: Asker & Pick<Proposal, 'xid' | 'timeMs'>): Proposal {
    const txn = prepareClose(this.#pending, this.#tree, { session, zxid: this.#agreement.nextZxid });
    const { timeMs } = asked;
    const asker = txn.kind === 'close_session' ? asked : { ...nobodyAsks, xid: 0, timeMs };
    return this.#propose({ session, op: 'closeSession', ...asker }, txn);
  }

  /** Proposes to delete a container or TTL znode that is due, unless it is in use again. */
  reap(path: string, timeMs: number): void {
    // What is outstanding will change it: whoever asked for that is to find it.
    if (this.#pending.get(path)?.zxid !== 0) return;
    const preparation = this.#preparation({ session: noSession, identities: itself });
    const txn = prepare(preparation, 'deleteContainer', { path });
    if (txn.kind === 'refused') return;
    this.#propose({ session: noSession, xid: 0, op: 'deleteContainer', ...nobodyAsks, timeMs }, txn);
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

  /** Writes down who belongs to the ensemble, where clients look for it, unless it stands there. */
  describe(membership: Membership, timeMs: number): void {
    const znode = this.#pending.get(membershipPath);
    const data = Buffer.from(membershipText(membership));
    if (znode === undefined || this.#tree.get(membershipPath)?.data === data.toString('latin1')) return;
    const preparation = this.#preparation({ session: noSession, identities: itself });
    const txn = prepare(preparation, 'setData', { path: membershipPath, data, version: ANY_VERSION });
    this.#propose({ session: noSession, xid: 0, op: 'setData', ...nobodyAsks, timeMs }, txn);
  }

  /** The change of the membership is the write of the znode that tells of it: who may write there may change it. */
  #reconfigure(
    { client, connection, origin, xid, request }: WriteRequest,
    standing: Standing,
    timeMs: number,
  ): Proposal {
    const asked: Asked = { session: client.session, xid, op: 'reconfig', connection, origin, timeMs };
    const refuse = (error: ErrorName) => this.#propose(asked, { kind: 'refused', error, failedPart: -1 });
    const members = planReconfiguration(request as RequestOf<'reconfig'>, standing);
    if (typeof members === 'string') return refuse(members);
    const membership = { members, version: this.#agreement.nextZxid };
    const data = Buffer.from(membershipText(membership));
    const txn = prepare(this.#preparation(client), 'setData', { path: membershipPath, data, version: ANY_VERSION });
    if (txn.kind === 'refused') return refuse(txn.error);
    return canHave(members) ? this.#propose(asked, txn, membership) : refuse('bad_arguments');
  }

  #preparation(asker: Preparation['asker']): Preparation {
    return { pending: this.#pending, asker, rules: this.#rules, zxid: this.#agreement.nextZxid, quotas: this.#quotas };
  }

  #propose(asked: Asked, txn: Txn, membership?: Membership): Proposal {
    const zxid = this.#agreement.nextZxid;
    const { session, xid, op, connection, origin, parts = NO_PARTS, timeMs } = asked;
    const proposal: Proposal = { kind: 'proposal', zxid, session, xid, timeMs, txn, op, parts, connection };
    this.#agreement.propose(proposal, origin, membership);
    return proposal;
  }
}

/** The operations of a multi: what its answer depends on. */
export function partsOf(op: OpName, request: unknown): Proposal['parts'] {
  return op === 'multi' ? (request as RequestOf<'multi'>).map((part) => part.op) : NO_PARTS;
}
