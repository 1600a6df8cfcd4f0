import { type Backoff, backoffMs, unreachable } from '@reeve/base';
import {
  type Codec,
  type ConnectReply,
  errorName,
  errors,
  type MultiResult,
  noSession,
  nothing,
  type OpName,
  ops,
  type Reader,
  type RequestOf,
  type SessionId,
  specialXids,
  watchEvent,
} from '@reeve/wire';
import { Authentication } from './authentication.ts';
import { Chroot } from './chroot.ts';
import type { ClientSettings } from './client-options.ts';
import { Connection, type ConnectionOwner, type LostBy, ProtocolViolation } from './connection.ts';
import type { SessionChange, WatchedEvent } from './coordination.ts';
import { DeliveryOrder } from './delivery-order.ts';
import { gapMessage, lossMessage } from './engine-gaps.ts';
import { heartbeat, tickMs } from './heartbeat.ts';
import { HostRing } from './hosts.ts';
import { Pipeline } from './pipeline.ts';
import type { Request } from './request.ts';
import { SaslLogin } from './sasl-login.ts';
import { isFinal, nextState, type SessionEvent, type SessionState } from './session-state.ts';
import { setWatchesPackets } from './set-watches.ts';
import { failedPart } from './transaction.ts';
import { WatchRegistry } from './watch-registry.ts';

const PASSWORD_BYTES = 16;
/** No request has it. */
const SASL_XID = 0;
/** The wait before asking the next server; the failures of one round through all of them count as one. */
const reconnectBackoff: Backoff = { baseMs: 25, factor: 2, ceilingMs: 1_000, jitter: 0.9 };

/**
 * One session: kept alive over however many connections it takes, until a server or its owner ends it.
 */
export class Session implements ConnectionOwner {
  readonly watches = new WatchRegistry();
  readonly #chroot: Chroot;
  readonly #settings: ClientSettings;
  readonly #hosts: HostRing;
  readonly #pipeline: Pipeline;
  readonly #authentication = new Authentication();
  readonly #order = new DeliveryOrder();
  readonly #listeners = new Set<(change: SessionChange) => void>();
  /** Operations that were answered, so that the engine has them. */
  readonly #offered = new Set<OpName>();
  #state: SessionState = 'connecting';
  #id: SessionId = noSession;
  #password: Buffer = Buffer.alloc(PASSWORD_BYTES);
  #timeoutMs: number;
  #lastZxid = 0;
  #connection: Connection | undefined;
  #reconnect: NodeJS.Timeout | undefined;
  /** What must be proved before the session may be used on this connection, and how long that may take. */
  #login: SaslLogin | undefined;
  #loginEnds: NodeJS.Timeout | undefined;
  #ticking: NodeJS.Timeout | undefined;
  /** Attempts at a connection that failed since one succeeded. */
  #failures = 0;
  #lastFailure = '';
  #helloSentAt = 0;
  #lastSentAt = 0;
  #lastReceivedAt = 0;
  /** When the last request that was answered was sent: the server touched the session no earlier. */
  #touchedAt = 0;
  #pingSentAt: number | undefined;
  /** The last request of this session, once its owner has asked for the end. */
  #closing: Request | undefined;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#chroot = new Chroot(settings.chroot);
    this.#timeoutMs = settings.sessionTimeoutMs;
    this.#hosts = new HostRing(settings.hosts, settings.random);
    this.#pipeline = new Pipeline(settings);
    for (const { scheme, auth } of settings.auth) {
      this.#authentication.add({ type: 0, scheme, auth: Buffer.from(auth) });
    }
  }

  get state(): SessionState {
    return this.#state;
  }

  get id(): SessionId {
    return this.#id;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  get deadline(): number {
    return this.#touchedAt === 0 ? 0 : this.#touchedAt + this.#timeoutMs;
  }

  /** Why the last connection, or attempt at one, failed; empty when none has. */
  get lastFailure(): string {
    return this.#lastFailure;
  }

  start(): void {
    this.#tickEvery(this.#timeoutMs);
    this.#connect();
  }

  onChange(listener: (change: SessionChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sends a request as soon as there is a connection and room for it. */
  submit(request: Request): void {
    if (isFinal(this.#state)) return request.fail(failureOf(this.#state));
    if (this.#closing !== undefined) return request.fail('client_closed');
    if (!this.#pipeline.enqueue(request)) return request.fail('too_many_requests');
    this.#pump();
  }

  /** Presents an identity now, and again after each connect. */
  authenticate(body: RequestOf<'auth'>, request: Request): void {
    if (isFinal(this.#state)) return request.fail(failureOf(this.#state));
    this.#authentication.add(body, request);
    if (this.#state !== 'connected') return;
    this.#authentication.presentLast();
    this.#send('auth', specialXids.auth, body);
  }

  /** Ends the session at the server once `closeSession`, the last request, is answered or has failed. */
  close(closeSession: Request): void {
    if (isFinal(this.#state) || this.#closing !== undefined) return closeSession.fail('client_closed');
    closeSession.onSettled = () => this.#advance('closed');
    if (this.#state !== 'connected') return closeSession.fail('client_closed');
    this.submit(closeSession);
    this.#closing = closeSession;
  }

  accepted(reply: ConnectReply): void {
    const known = this.#id !== noSession;
    if (known && (reply.timeoutMs <= 0 || reply.sessionId !== this.#id)) return this.#expired(reply);
    if (reply.timeoutMs <= 0) return this.#connection?.cut('the server refused to open a session');
    this.#id = reply.sessionId;
    this.#password = reply.password ?? Buffer.alloc(PASSWORD_BYTES);
    this.#timeoutMs = reply.timeoutMs;
    this.#touchedAt = this.#helloSentAt;
    this.#failures = 0;
    this.#tickEvery(reply.timeoutMs);
    if (this.#settings.sasl === undefined) this.#begin();
    else this.#logIn(new SaslLogin(this.#settings.sasl));
  }

  chunk(): void {
    this.#lastReceivedAt = this.#settings.clock.now();
    this.#order.beginTurn();
  }

  frame(reader: Reader): void {
    const xid = reader.int();
    const zxid = reader.long();
    const err = reader.int();
    if (zxid > this.#lastZxid) this.#lastZxid = zxid;
    if (err === errors.session_closed_require_sasl_auth.code)
      return this.#denied('the server requires another identity');
    if (this.#login !== undefined) return this.#takeLogin(this.#login, err, reader);
    switch (xid) {
      case specialXids.notification:
        return this.#notified(reader, zxid);
      case specialXids.ping:
        return this.#ponged();
      case specialXids.auth:
        return this.#authenticated(err);
      case specialXids.setWatches:
        return this.#rearmed(err);
      default:
        return this.#answered(xid, err, reader);
    }
  }

  drained(): void {
    this.#pump();
  }

  lost(reason: string, by: LostBy): void {
    this.#connection = undefined;
    this.#pingSentAt = undefined;
    this.#endLogin();
    this.#lastFailure = reason;
    const { logger } = this.#settings;
    // What follows the loss is news only when it ends: the change of state says so.
    if (this.#state === 'connected') logger.info({ reason }, 'connection lost');
    else logger.debug({ reason, state: this.#state }, 'no connection yet');
    // Nobody waits for another connection only to close it: everything ends here.
    this.#closing?.fail('connection_loss');
    if (isFinal(this.#state)) return;
    this.#pipeline.connectionLost((request) => this.#giveUp(request, by));
    this.#advance('disconnected');
    this.#failures += 1;
    const round = Math.ceil(this.#failures / this.#hosts.size);
    const waitMs = backoffMs(reconnectBackoff, round, this.#settings.random);
    this.#reconnect = setTimeout(() => this.#connect(), waitMs);
  }

  #connect(): void {
    const host = this.#hosts.next();
    const { connectTimeoutMs, requestBytesMax, replyBytesMax, tls } = this.#settings;
    this.#helloSentAt = this.#settings.clock.now();
    const hello = {
      protocolVersion: 0,
      lastZxidSeen: this.#lastZxid,
      timeoutMs: this.#id === noSession ? this.#settings.sessionTimeoutMs : this.#timeoutMs,
      sessionId: this.#id,
      password: this.#password,
      readOnly: false,
    };
    this.#connection = new Connection(host, { hello, connectTimeoutMs, requestBytesMax, replyBytesMax, tls }, this);
  }

  /** The session may be used on this connection. */
  #begin(): void {
    this.#introduce();
    this.#advance('connected');
    this.#pump();
  }

  #logIn(login: SaslLogin): void {
    this.#login = login;
    const late = () => this.#connection?.cut('no answer to the SASL login in time');
    this.#loginEnds = setTimeout(late, this.#settings.connectTimeoutMs);
    this.#send('sasl', SASL_XID, { token: Buffer.alloc(0) });
  }

  #takeLogin(login: SaslLogin, err: number, reader: Reader): void {
    if (err !== errors.ok.code) return this.#denied('the server refused user or password');
    const step = login.take(ops.sasl.reply.decode(reader).token);
    switch (step.kind) {
      case 'answer':
        return this.#send('sasl', SASL_XID, { token: step.token });
      case 'done':
        this.#endLogin();
        return this.#begin();
      case 'failed':
        return this.#denied(step.reason);
      default:
        return unreachable(step);
    }
  }

  #endLogin(): void {
    clearTimeout(this.#loginEnds);
    this.#login = undefined;
  }

  /** No other attempt would end otherwise. */
  #denied(reason: string): void {
    this.#lastFailure = reason;
    this.#settings.logger.error({ reason }, 'the session is over: an identity was refused');
    this.#advance('auth_rejected');
  }

  /** What a new connection must hear before any request: who we are, and what we watch. */
  #introduce(): void {
    for (const body of this.#authentication.present()) this.#send('auth', specialXids.auth, body);
    for (const { op, body } of setWatchesPackets(this.watches.armed(), this.#lastZxid)) {
      this.#send(op, specialXids.setWatches, body);
    }
  }

  #expired(reply: ConnectReply): void {
    // ClickHouse Keeper opens another session instead of saying so; nobody wants that one.
    if (reply.timeoutMs > 0) this.#send('closeSession', 0, nothing);
    this.#advance('expired');
  }

  #pump(): void {
    const connection = this.#connection;
    if (connection === undefined || this.#state !== 'connected' || this.#pipeline.waiting === 0) return;
    const now = this.#settings.clock.now();
    while (connection.writable) {
      const request = this.#pipeline.takeToSend(now);
      if (request === undefined) return;
      this.#lastSentAt = now;
      const bytes = connection.send(request, ops[request.call.op].request as Codec<unknown>, request.call.body);
      if (bytes > 0) this.#refuseTooLarge(request, bytes);
    }
  }

  #refuseTooLarge(request: Request, bytes: number): void {
    this.#pipeline.untake();
    request.phase = 'waiting';
    const limit = this.#settings.requestBytesMax;
    request.fail('invalid_argument', `the request takes ${bytes} bytes, and servers accept at most ${limit}`);
  }

  #send<N extends OpName>(op: N, xid: number, body: RequestOf<N>): void {
    this.#lastSentAt = this.#settings.clock.now();
    this.#connection?.send({ xid, code: ops[op].code }, ops[op].request as Codec<unknown>, body);
  }

  #notified(reader: Reader, zxid: number): void {
    const { type, path } = watchEvent.decode(reader);
    if (type === 'none') return;
    this.#order.event(() => this.#tell({ type, path, zxid }));
  }

  #tell(event: WatchedEvent): void {
    for (const { listener, event: told } of this.watches.concerned(event)) {
      try {
        listener(this.#chroot.event(told));
      } catch (error) {
        surface(error);
      }
    }
  }

  #ponged(): void {
    if (this.#pingSentAt !== undefined) this.#touchedAt = this.#pingSentAt;
    this.#pingSentAt = undefined;
  }

  #authenticated(err: number): void {
    if (err === errors.ok.code) return this.#authentication.acknowledged();
    this.#denied('the server refused an identity');
  }

  #rearmed(err: number): void {
    if (err === errors.ok.code) return;
    this.#settings.logger.error({ code: errorName(err) }, 'the server did not re-arm the watches');
    this.#connection?.cut('the server did not re-arm the watches');
  }

  #answered(xid: number, err: number, reader: Reader): void {
    const request = this.#pipeline.takeAnswered(xid);
    if (request === undefined) throw new ProtocolViolation(`the answer to ${xid} comes out of turn`);
    this.#touchedAt = request.sentAt;
    const { op } = request.call;
    // ZooKeeper says in the body alone that a multi has failed, ClickHouse Keeper in the header as well.
    const hasBody = err === errors.ok.code || (op === 'multi' && reader.remaining > 0);
    const reply = hasBody ? ops[op].reply.decode(reader) : undefined;
    if (this.#order.open) {
      this.#order.replied();
      this.#settle(request, err, reply);
    } else this.#order.reply(() => this.#settle(request, err, reply));
    this.#pump();
  }

  #settle(request: Request, err: number, reply: unknown): void {
    const { call } = request;
    const name = errorName(err);
    this.#offered.add(call.op);
    if (request.phase === 'settled') return call.answeredLate?.(name);
    call.answered?.(name);
    if (name === 'ok' || (call.op === 'multi' && failedPart(reply as MultiResult[] | undefined) !== -1))
      request.succeed(reply);
    else request.refuse(name, name === 'unimplemented' ? gapMessage(call.op) : undefined);
  }

  #giveUp(request: Request, by: LostBy): string | undefined {
    // Who was about to answer knows the operation.
    if (by === 'interruption') return undefined;
    request.losses += 1;
    if (by === 'server') request.closings += 1;
    const { op } = request.call;
    return this.#offered.has(op) ? undefined : lossMessage(op, request);
  }

  #tickEvery(timeoutMs: number): void {
    clearInterval(this.#ticking);
    this.#ticking = setInterval(() => this.#tick(), tickMs(timeoutMs));
  }

  #tick(): void {
    const now = this.#settings.clock.now();
    this.#pipeline.expire(now);
    this.#authentication.expire(now);
    if (this.#state !== 'connected') return;
    const need = this.#need(now);
    if (need === 'ping') this.#ping(now);
    // When this process was held up, the bytes that show the server alive are there but not read: look after reading.
    if (need === 'cut') setImmediate(() => this.#cutIfSilent());
  }

  #need(now: number): 'nothing' | 'ping' | 'cut' {
    const pulse = {
      sentAt: this.#lastSentAt,
      receivedAt: this.#lastReceivedAt,
      pingSentAt: this.#pingSentAt,
      deadline: this.deadline,
    };
    return heartbeat(pulse, this.#timeoutMs, now);
  }

  #ping(now: number): void {
    this.#pingSentAt = now;
    this.#send('ping', specialXids.ping, nothing);
  }

  #cutIfSilent(): void {
    const now = this.#settings.clock.now();
    if (this.#state !== 'connected' || this.#need(now) !== 'cut') return;
    this.#connection?.cut(`nothing came from the server for ${Math.round(now - this.#lastReceivedAt)} ms`);
  }

  #advance(event: SessionEvent): void {
    const from = this.#state;
    const to = nextState[from][event];
    if (from === to) return;
    this.#state = to;
    if (isFinal(to)) this.#release(failureOf(to));
    this.#settings.logger.info({ from, to, sessionId: this.#id }, 'session state');
    for (const listener of [...this.#listeners]) {
      try {
        listener({ from, to });
      } catch (error) {
        surface(error);
      }
    }
  }

  #release(code: 'session_expired' | 'client_closed' | 'auth_failed'): void {
    clearInterval(this.#ticking);
    clearTimeout(this.#reconnect);
    this.#endLogin();
    this.#connection?.finish();
    this.#connection = undefined;
    this.#pipeline.failAll(code);
    this.#authentication.failAll(code);
    this.watches.end();
  }
}

/** A listener that throws is a bug of its owner: it surfaces as an uncaught exception, and harms no one else. */
function surface(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

function failureOf(state: 'expired' | 'closed' | 'auth_failed'): 'session_expired' | 'client_closed' | 'auth_failed' {
  switch (state) {
    case 'expired':
      return 'session_expired';
    case 'closed':
      return 'client_closed';
    case 'auth_failed':
      return 'auth_failed';
    default:
      return unreachable(state);
  }
}
