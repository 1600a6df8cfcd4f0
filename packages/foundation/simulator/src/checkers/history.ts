import type { SessionId } from '@reeve/wire';
import { noSession, ops } from '@reeve/wire';
import type { ArmedWatch, Call, Goodbye } from '../call.ts';
import type { Violation } from '../violation.ts';
import { ZnodeModel } from '../znode-model.ts';
import { type CommittedTxn, hex } from './commit-order.ts';

/** Everything that clients saw, and the order that was agreed on. */
export interface History {
  readonly calls: readonly Call[];
  readonly goodbyes: readonly Goodbye[];
  readonly watches: readonly ArmedWatch[];
  /** From the first transaction to the last that all members have. */
  readonly order: readonly CommittedTxn[];
}

type Report = (promise: Violation['promise'], message: string) => void;

/** Compares what clients were told with the order that was agreed on. */
export function checkHistory(history: History, report: Report): void {
  const byZxid = new Map(history.order.map((txn) => [txn.zxid, txn] as const));
  checkAcknowledged(history.calls, byZxid, report);
  checkOnce(history.order, report);
  checkSessions(history.calls, report);
  checkRealTime(history.calls, report);
  checkSyncs(history.calls, report);
  checkReads(history, report);
  checkGoodbyes(history, report);
  checkWatches(history, report);
}

function isWrite({ op }: Call): boolean {
  return ops[op].kind === 'write' && op !== 'sync' && op !== 'closeSession';
}

function told({ client, op, path, xid }: Call): string {
  return `${client}'s ${op} ${path} (xid ${xid})`;
}

function checkAcknowledged(calls: readonly Call[], byZxid: ReadonlyMap<number, CommittedTxn>, report: Report): void {
  for (const call of calls) {
    if (!isWrite(call) || call.answer?.error !== 'ok') continue;
    const { zxid } = call.answer;
    const txn = byZxid.get(zxid)?.logged;
    if (txn === undefined)
      report('acknowledged-writes-stay', `${told(call)} was acknowledged as ${hex(zxid)} and is gone`);
    else if (txn.session !== call.session || txn.xid !== call.xid) {
      report('acknowledged-writes-stay', `${told(call)} was acknowledged as ${hex(zxid)}, which is another's`);
    }
  }
}

/** Each request does something once at most, and those of a session in their order; a refusal does nothing. */
function checkOnce(order: readonly CommittedTxn[], report: Report): void {
  const last = new Map<SessionId, number>();
  for (const { zxid, logged } of order) {
    const { session, xid } = logged;
    if (xid <= 0 || logged.txn.kind === 'refused') continue;
    const before = last.get(session) ?? 0;
    if (xid <= before) report('once-each', `${hex(zxid)} is xid ${xid} of ${session}, after its xid ${before}`);
    last.set(session, xid);
  }
}

/** What a session is shown never goes back. */
function checkSessions(calls: readonly Call[], report: Report): void {
  const last = new Map<SessionId, Call>();
  for (const call of calls) {
    const { answer, session } = call;
    if (answer === undefined) continue;
    if (answer.error === 'answered_out_of_order')
      report('session-order', `${call.client} got an answer to xid ${call.xid} that was not due`);
    if (answer.zxid <= 0 || session === noSession) continue;
    const before = last.get(session);
    if (before?.answer !== undefined && answer.zxid < before.answer.zxid) {
      report(
        'session-order',
        `${told(call)} showed ${hex(answer.zxid)} after ${told(before)} showed ${hex(before.answer.zxid)}`,
      );
    }
    last.set(session, call);
  }
}

/** Walks calls that have an answer in the order of their beginnings, with the greatest zxid acknowledged before each. */
function behind(
  asked: readonly Call[],
  answered: readonly Call[],
  visit: (call: Call, floor: Call) => void,
  askedAt: (call: Call) => number,
): void {
  const beginnings = [...asked].sort((a, b) => askedAt(a) - askedAt(b));
  const ends = [...answered].sort((a, b) => (a.answer?.at ?? 0) - (b.answer?.at ?? 0));
  let floor: Call | undefined;
  let next = 0;
  for (const call of beginnings) {
    for (let end = ends[next]; end?.answer !== undefined && end.answer.at < askedAt(call); end = ends[next]) {
      if (floor?.answer === undefined || end.answer.zxid > floor.answer.zxid) floor = end;
      next += 1;
    }
    if (floor !== undefined) visit(call, floor);
  }
}

/** A write that began after another had ended comes after it. */
function checkRealTime(calls: readonly Call[], report: Report): void {
  const writes = calls.filter((call) => isWrite(call) && call.answer?.error === 'ok');
  const check = (call: Call, floor: Call): void => {
    if ((call.answer?.zxid ?? 0) > (floor.answer?.zxid ?? 0)) return;
    report(
      'real-time-order',
      `${told(call)} is ${hex(call.answer?.zxid ?? 0)}, though ${told(floor)} had ended as ${hex(floor.answer?.zxid ?? 0)}`,
    );
  };
  behind(writes, writes, check, ({ askedAt }) => askedAt);
}

/** A read behind a sync shows everything that was acknowledged before the sync. */
function checkSyncs(calls: readonly Call[], report: Report): void {
  const writes = calls.filter((call) => isWrite(call) && call.answer?.error === 'ok');
  const reads = calls.filter(
    ({ syncedAt, answer }) => syncedAt !== undefined && answer !== undefined && answer.zxid > 0,
  );
  const check = (call: Call, floor: Call): void => {
    if ((call.answer?.zxid ?? 0) >= (floor.answer?.zxid ?? 0)) return;
    report(
      'sync-sees-everything',
      `${told(call)} showed ${hex(call.answer?.zxid ?? 0)} behind a sync, though ${told(floor)} had ended as ${hex(floor.answer?.zxid ?? 0)}`,
    );
  };
  behind(reads, writes, check, ({ syncedAt }) => syncedAt ?? 0);
}

/** Every read shows what the agreed transactions up to its zxid make, and nothing else. */
function checkReads({ calls, order }: History, report: Report): void {
  const isRead = ({ op, answer }: Call) =>
    (op === 'getData' || op === 'getChildren') && answer !== undefined && answer.zxid > 0;
  const reads = calls.filter(isRead).sort((a, b) => (a.answer?.zxid ?? 0) - (b.answer?.zxid ?? 0));
  const model = new ZnodeModel();
  let next = 0;
  for (const { zxid, logged } of order) {
    for (let read = reads[next]; read !== undefined && (read.answer?.zxid ?? 0) < zxid; read = reads[next]) {
      checkRead(read, model, report);
      next += 1;
    }
    model.apply(zxid, logged);
  }
  for (const read of reads.slice(next)) checkRead(read, model, report);
  for (const offence of model.offences) report('ephemerals-die-with-their-session', offence);
}

function checkRead(call: Call, model: ZnodeModel, report: Report): void {
  const { answer, op, path } = call;
  if (answer === undefined) return;
  const shown = op === 'getChildren' ? childrenShown(answer.body) : znodeShown(answer);
  const due = op === 'getChildren' ? [...model.roots].sort().join(' ') : znodeDue(model, path);
  if (shown !== due) report('reads-show-the-order', `${told(call)} at ${hex(answer.zxid)} showed ${shown}, not ${due}`);
}

function childrenShown(body: unknown): string {
  const { children } = body as { readonly children: readonly string[] };
  return children
    .filter((name) => name !== 'zookeeper')
    .sort()
    .join(' ');
}

function znodeShown({ error, body }: NonNullable<Call['answer']>): string {
  if (error !== 'ok') return error;
  const { data, stat } = body as { data: string | null; stat: { czxid: number; mzxid: number; version: number } };
  return `${data} c=${stat.czxid} m=${stat.mzxid} v=${stat.version}`;
}

function znodeDue(model: ZnodeModel, path: string): string {
  const znode = model.znodes.get(path);
  if (znode === undefined) return 'no_node';
  return `${znode.data} c=${znode.czxid} m=${znode.mzxid} v=${znode.version}`;
}

/** Who is told that a session is over is told so because it was agreed. */
function checkGoodbyes({ goodbyes, order }: History, report: Report): void {
  const closed = new Map<SessionId, number>();
  for (const { at, logged } of order) if (logged.txn.kind === 'close_session') closed.set(logged.session, at);
  for (const { session, at } of goodbyes) {
    if ((closed.get(session) ?? Number.POSITIVE_INFINITY) < at) continue;
    report('sessions-end-only-by-agreement', `a client heard that ${session} is over before that was agreed on`);
  }
}

/** A client hears of a change before it is answered anything that shows it. */
function checkWatches({ watches, order }: History, report: Report): void {
  const changes = new Map<string, number[]>();
  for (const { zxid, logged } of order) {
    const { txn } = logged;
    const paths =
      'path' in txn
        ? [txn.path]
        : txn.kind === 'multi'
          ? txn.parts.map(({ path }) => path)
          : txn.kind === 'close_session'
            ? txn.ephemerals
            : [];
    if (txn.kind === 'check' || txn.kind === 'set_acl') continue;
    for (const path of paths) changes.set(path, [...(changes.get(path) ?? []), zxid]);
  }
  for (const { path, armedZxid, firedZxid, lastZxidUnfired } of watches) {
    const first = changes.get(path)?.find((zxid) => zxid > armedZxid);
    if (first !== undefined && firedZxid !== undefined && firedZxid !== first) {
      report(
        'watches-before-answers',
        `a watch of ${path} armed at ${hex(armedZxid)} fired for ${hex(firedZxid)}, not for ${hex(first)}`,
      );
    }
    if (first !== undefined && lastZxidUnfired >= first) {
      report(
        'watches-before-answers',
        `an answer showed ${hex(lastZxidUnfired)} before the watch of ${path} fired for ${hex(first)}`,
      );
    }
  }
}
