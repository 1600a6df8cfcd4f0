import type { LoggedTxn, Txn, TxnPart } from '@reeve/tree';
import { noSession, type SessionId } from '@reeve/wire';

/** What a read may show of a znode. */
export interface ModelZnode {
  readonly data: string | null;
  readonly czxid: number;
  readonly mzxid: number;
  readonly version: number;
  readonly owner: SessionId;
}

/** Every tree has it; the membership is written into it. */
const CONFIG = '/zookeeper/config';

/** What follows from the agreed transactions alone, in the plainest way: what answers are compared with. */
export class ZnodeModel {
  readonly znodes = new Map<string, ModelZnode>([
    [CONFIG, { data: null, czxid: 0, mzxid: 0, version: 0, owner: noSession }],
  ]);
  readonly sessions = new Set<SessionId>();
  /** What no transaction should have done. */
  readonly offences: string[] = [];

  apply(zxid: number, { session, txn }: LoggedTxn): void {
    switch (txn.kind) {
      case 'create_session':
        if (txn.timeoutMs >= 0) this.sessions.add(session);
        return;
      case 'close_session':
        return this.#close(zxid, session, txn.ephemerals);
      case 'refused':
        return;
      case 'multi':
        for (const part of txn.parts) this.#part(zxid, session, part);
        return;
      default:
        return this.#part(zxid, session, txn);
    }
  }

  /** The children of the root that somebody created. */
  get roots(): string[] {
    return [...this.znodes.keys()].filter((path) => path !== CONFIG).map((path) => path.slice(1));
  }

  #part(zxid: number, session: SessionId, part: TxnPart): void {
    const known = this.znodes.get(part.path);
    switch (part.kind) {
      case 'create':
        if (known !== undefined) this.offences.push(`${zxid} creates ${part.path}, which exists`);
        return this.#create(zxid, session, part);
      case 'delete':
        if (known === undefined) this.offences.push(`${zxid} deletes ${part.path}, which does not exist`);
        this.znodes.delete(part.path);
        return;
      case 'set_data':
        if (known === undefined) return void this.offences.push(`${zxid} sets ${part.path}, which does not exist`);
        if (part.version !== known.version + 1)
          this.offences.push(`${zxid} sets ${part.path} to version ${part.version} after ${known.version}`);
        this.znodes.set(part.path, { ...known, data: part.data?.octets() ?? null, mzxid: zxid, version: part.version });
        return;
      case 'check':
      case 'set_acl':
        return;
    }
  }

  #create(zxid: number, session: SessionId, part: Extract<Txn, { kind: 'create' }>): void {
    const { path, data, lifetime } = part;
    const owner = lifetime === 'ephemeral' ? session : noSession;
    if (owner !== noSession && !this.sessions.has(session)) {
      this.offences.push(`${zxid} creates ${path} for ${session}, which is not open`);
    }
    this.znodes.set(path, { data: data?.octets() ?? null, czxid: zxid, mzxid: zxid, version: 0, owner });
  }

  #close(zxid: number, session: SessionId, ephemerals: readonly string[]): void {
    for (const path of ephemerals) {
      if (this.znodes.get(path)?.owner !== session)
        this.offences.push(`${zxid} ends ${session} with ${path}, which is not its own`);
      this.znodes.delete(path);
    }
    for (const [path, { owner }] of this.znodes) {
      if (owner === session) this.offences.push(`${zxid} ends ${session} and leaves ${path}`);
    }
    this.sessions.delete(session);
  }
}
