import { unreachable } from '@reeve/base';
import type { Tree } from '@reeve/tree';
import { type Codec, connectRequest, noSession, Reader, type RequestOf, WireError } from '@reeve/wire';
import type { Connection, Question } from './connection.ts';
import type { Connections } from './connections.ts';
import type { Course } from './course.ts';
import type { ReplicaEvent } from './event.ts';
import type { ReplicaOptions } from './options.ts';
import type { Proofs } from './proofs.ts';
import { isThrottled, type Operation, operationOf } from './routes.ts';
import type { SessionOrder } from './session-order.ts';
import type { Sessions } from './sessions.ts';

type FrameEvent = Extract<ReplicaEvent, { kind: 'frame' | 'late_frame' }>;

/** What frames are served with. */
export interface ClientFrameParts {
  readonly options: ReplicaOptions;
  readonly tree: Tree;
  readonly sessions: Sessions;
  readonly connections: Connections;
  readonly order: SessionOrder;
  readonly proofs: Proofs;
}

/** Takes what clients send, decodes it, and has it served as its operation asks for. */
export class ClientFrames {
  /** How what changes anything is done here; no client is served without. */
  course: Course | undefined;
  /** `closed` on a leader that serves its learners alone. */
  admission: 'open' | 'closed' = 'open';
  /** Bytes that came since the disk was last heard of, with requests among them that wait for it. */
  waitingBytes = 0;
  /** The bytes that were counted last: what waits keeps all that came with it. */
  #counted: Buffer | undefined;
  readonly #parts: ClientFrameParts;
  readonly #reader = new Reader();

  constructor(parts: ClientFrameParts) {
    this.#parts = parts;
  }

  /** Takes a frame. */
  take(event: FrameEvent): void {
    const connection = this.#parts.connections.get(event.connection);
    if (connection === undefined) return;
    connection.received += 1;
    if (connection.phase === 'open') this.#request(connection, event);
    else if (connection.phase === 'greeting') this.#greeting(connection, event);
    else if (connection.phase === 'proving') this.#unproven(connection, event);
    if (connection.waiting.length > 0 && event.bytes !== this.#counted) this.#count(event.bytes);
  }

  #count(bytes: Buffer): void {
    this.#counted = bytes;
    this.waitingBytes += bytes.length;
  }

  /** Who must prove who it is can ask for nothing else. */
  #unproven(connection: Connection, event: FrameEvent): void {
    const { bytes, start, end } = event;
    if (end - start < REQUEST_HEAD_BYTES) return this.#parts.connections.close(connection);
    const by = operationOf(bytes.readInt32BE(start + 4))?.route.by;
    if (by === 'auth' || by === 'sasl') this.#request(connection, event);
    else this.#parts.proofs.demand(connection, bytes.readInt32BE(start));
  }

  /** What waited too long is not done, but refused in its turn; what ends or proves something is done all the same. */
  takeLate(event: FrameEvent): void {
    const { bytes, start, end } = event;
    const connection = this.#parts.connections.get(event.connection);
    const isRequest = connection?.phase === 'open' && end - start >= REQUEST_HEAD_BYTES;
    const operation = isRequest ? operationOf(bytes.readInt32BE(start + 4)) : undefined;
    if (connection === undefined || operation === undefined) return this.take(event);
    if (!isThrottled(operation.route)) return this.take(event);
    connection.received += 1;
    if (connection.standing !== undefined) this.#parts.sessions.touch(connection.standing);
    this.#parts.order.serve(connection, {
      kind: 'refusal',
      xid: bytes.readInt32BE(start),
      error: 'throttled_op',
      next: 'stay',
    });
  }

  #greeting(connection: Connection, { bytes, start, end }: FrameEvent): void {
    const course = this.admission === 'open' ? this.course : undefined;
    const request = decoded(connectRequest, this.#reader.reset(bytes, start, end));
    // One that has seen what this member has not is to go where it saw it; so is one that finds no service here.
    const isHere = course !== undefined && request !== undefined && request.lastZxidSeen <= this.#parts.tree.lastZxid;
    if (!isHere) return this.#parts.connections.close(connection);
    connection.client = request.readOnly === undefined ? 'before 3.4' : 'current';
    const { sessionTimeoutMinMs, sessionTimeoutMaxMs } = this.#parts.options;
    const timeoutMs = Math.min(Math.max(request.timeoutMs, sessionTimeoutMinMs), sessionTimeoutMaxMs);
    if (request.sessionId === noSession) course.open(connection, request, timeoutMs);
    else course.reopen(connection, request, timeoutMs);
  }

  #request(connection: Connection, frame: FrameEvent): void {
    const { bytes, start, end } = frame;
    if (connection.standing !== undefined) this.#parts.sessions.touch(connection.standing);
    const reader = this.#reader.reset(bytes, start, end);
    if (reader.remaining < REQUEST_HEAD_BYTES) return this.#parts.connections.close(connection);
    const xid = reader.int();
    const operation = operationOf(reader.int());
    if (operation === undefined) return this.#parts.order.refuseAndLeave(connection, xid);
    const request = decoded(operation.request, reader);
    if (request !== undefined) {
      return this.#dispatch(connection, { xid, op: operation.op, request }, { frame, route: operation.route });
    }
    this.#parts.order.serve(connection, { kind: 'refusal', xid, error: 'marshalling_error', next: 'stay' });
  }

  #dispatch(
    connection: Connection,
    asked: Pick<Question, 'xid' | 'op' | 'request'>,
    { frame, route }: { readonly frame: FrameEvent; readonly route: Operation['route'] },
  ): void {
    const { xid, op, request } = asked;
    switch (route.by) {
      case 'read':
      case 'watch':
      case 'ping':
        return this.#parts.order.serve(connection, { kind: 'question', xid, op, request, asker: connection });
      case 'write':
        return this.course?.write(connection, asked, frame);
      case 'sync':
        return this.course?.sync(connection, xid, request as RequestOf<'sync'>);
      case 'close':
        return this.course?.close(connection, xid);
      case 'auth':
        return this.#parts.proofs.auth(connection, xid, request as RequestOf<'auth'>);
      case 'sasl':
        return this.#parts.proofs.sasl(connection, xid, request as RequestOf<'sasl'>);
      case 'nobody':
        return this.#parts.order.refuseAndLeave(connection, xid);
      default:
        return unreachable(route);
    }
  }
}

/** A request's xid and operation. */
const REQUEST_HEAD_BYTES = 8;

function decoded<T>(codec: Codec<T>, reader: Reader): T | undefined {
  try {
    return codec.decode(reader);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
