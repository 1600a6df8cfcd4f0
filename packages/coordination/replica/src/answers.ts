import { type Tree, type TxnPart, writeFailedResult, writeResultHead, writeResultsEnd, writeStat } from '@reeve/tree';
import {
  connectReply,
  type ErrorName,
  errors,
  eventTypes,
  type MultiPart,
  noSession,
  type SessionId,
  SYNC_CONNECTED,
  span,
  specialXids,
  type WatchEventType,
  type Writer,
} from '@reeve/wire';
import type { Proposal } from './connection.ts';

const NO_PASSWORD = Buffer.alloc(16);

/** Opens an answer's frame and writes its head; pass what it returns to `writer.endFrame`. */
export function beginAnswer(writer: Writer, xid: number, zxid: number): number {
  const frame = writer.beginFrame();
  writer.int(xid);
  writer.long(zxid);
  writer.int(errors.ok.code);
  return frame;
}

/** Writes an answer that is a refusal: a head, and no body. */
export function writeRefusal(writer: Writer, { xid, zxid }: { xid: number; zxid: number }, error: ErrorName): void {
  const frame = writer.beginFrame();
  writer.int(xid);
  writer.long(zxid);
  writer.int(errors[error].code);
  writer.endFrame(frame);
}

/** Writes a notification: what happened, to which znode, and by which transaction. */
export function writeNotification(writer: Writer, type: WatchEventType, path: string, zxid: number): void {
  const frame = beginAnswer(writer, specialXids.notification, zxid);
  writer.int(eventTypes[type]);
  writer.int(SYNC_CONNECTED);
  writer.string(path);
  writer.endFrame(frame);
}

/** What the end of a handshake tells the client. */
export interface Welcome {
  readonly timeoutMs: number;
  readonly sessionId: SessionId;
  readonly password: Buffer;
  /** Whether the session can only read. */
  readonly readOnly: boolean;
}

/** What a client hears whose session is not known, has ended, or is not its own. */
export const noWelcome: Welcome = { timeoutMs: 0, sessionId: noSession, password: NO_PASSWORD, readOnly: false };

/** Writes the end of a handshake. Clients before 3.4 know no byte that says whether the server is read-only. */
export function writeWelcome(writer: Writer, welcome: Welcome, client: 'current' | 'before 3.4'): void {
  const frame = writer.beginFrame();
  const readOnly = client === 'current' ? welcome.readOnly : undefined;
  connectReply.encode(writer, { protocolVersion: 0, ...welcome, readOnly });
  writer.endFrame(frame);
}

/** Writes the answer to a write that has been applied just now. `results` are those of a multi. */
export function writeOutcome(writer: Writer, tree: Tree, proposal: Proposal, results: Writer): void {
  const { txn, zxid, xid } = proposal;
  if (txn.kind === 'refused' && txn.failedPart < 0) return writeRefusal(writer, { xid, zxid }, txn.error);
  const frame = beginAnswer(writer, xid, zxid);
  if (txn.kind === 'refused') writeFailedResults(writer, proposal.parts.length, txn);
  else if (txn.kind === 'multi') writeResults(writer, results);
  else writeBody(writer, tree, proposal);
  writer.endFrame(frame);
}

/** Writes what one part of a multi answers, at the moment it has been applied. */
export function writePartResult(results: Writer, tree: Tree, op: MultiPart['op'], part: TxnPart): void {
  switch (op) {
    case 'create':
      writeResultHead(results, 'create');
      return results.string(part.path);
    case 'create2':
    case 'createContainer':
    case 'createTTL':
      writeResultHead(results, 'create2');
      results.string(part.path);
      return writeStatAt(results, tree, part.path);
    case 'setData':
      writeResultHead(results, 'setData');
      return writeStatAt(results, tree, part.path);
    case 'delete':
    case 'check':
      return writeResultHead(results, op);
  }
}

function writeBody(writer: Writer, tree: Tree, { op, txn }: Proposal): void {
  switch (txn.kind) {
    case 'create':
      writer.string(txn.path);
      if (op !== 'create') writeStatAt(writer, tree, txn.path);
      return;
    case 'set_data':
      // A change of the ensemble is answered with the description of the new one.
      if (op === 'reconfig') span.encode(writer, txn.data);
      return writeStatAt(writer, tree, txn.path);
    case 'set_acl':
    case 'check':
      return writeStatAt(writer, tree, txn.path);
    default:
      return;
  }
}

function writeResults(writer: Writer, results: Writer): void {
  writer.raw(results.view());
  writeResultsEnd(writer);
}

// What was good before the part that failed says `ok`, what came after was not tried.
function writeFailedResults(writer: Writer, count: number, failed: { failedPart: number; error: ErrorName }): void {
  for (let position = 0; position < count; position += 1) {
    if (position < failed.failedPart) writeFailedResult(writer, 'ok');
    else writeFailedResult(writer, position === failed.failedPart ? failed.error : 'runtime_inconsistency');
  }
  writeResultsEnd(writer);
}

function writeStatAt(writer: Writer, tree: Tree, path: string): void {
  const znode = tree.get(path);
  if (znode !== undefined) writeStat(writer, znode);
}
