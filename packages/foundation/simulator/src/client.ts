import { messageOf } from '@reeve/base';
import {
  connectReply,
  connectRequest,
  errorName,
  noSession,
  ops,
  Reader,
  replyHeader,
  type SessionId,
  specialXids,
  Writer,
  watchEvent,
} from '@reeve/wire';
import type { ArmedWatch, Call, Goodbye } from './call.ts';
import type { Chance } from './chance.ts';
import type { Network } from './network.ts';
import { placeOf } from './place.ts';
import { type Request, requestFrame, requestsOf, type Wish } from './requests.ts';
import type { Place, Stream, StreamEnd } from './stream.ts';
import type { Timeline } from './timeline.ts';

/** What a client knows of the world around it. */
export interface ClientWorld {
  readonly timeline: Timeline;
  readonly network: Network;
  /** Connects to a member that can be reached now; `undefined` when it cannot. */
  connect(client: Client, member: number): Stream | undefined;
  /** How many members there are to try. */
  readonly memberCount: number;
  /** The next position in the order of everything that happened. */
  position(): number;
  note(who: Client, what: string): void;
  /** Called when an answer is not what the protocol says. */
  misread(client: Client, reason: string): void;
}

/** What a client is made of. */
export interface ClientParts {
  readonly name: string;
  readonly place: Place;
  readonly world: ClientWorld;
  readonly chance: Chance;
}

/** The session time-out that clients ask for, milliseconds. */
export const clientTimeoutMs = 4_000;
const PING_AFTER_MS = 800;
const SILENT_MS_MAX = 2_000;
const RETRY_MS = 60;
const HEADER_BYTES = 4;
const PIPELINE_MAX = 6;

/** A call whose answer is outstanding; a ping has none to keep. */
interface Outstanding {
  readonly xid: number;
  readonly request: Request;
  readonly call: Call | undefined;
  readonly askedMs: number;
}

/** A client with a session that it takes from member to member, and everything it was told. */
export class Client implements StreamEnd {
  readonly name: string;
  readonly place: Place;
  readonly calls: Call[] = [];
  readonly goodbyes: Goodbye[] = [];
  readonly watches: ArmedWatch[] = [];
  session: SessionId = noSession;
  /** When it asked for the last thing that it got an answer to, milliseconds. */
  heardMs = 0;
  readonly #world: ClientWorld;
  readonly #chance: Chance;
  readonly #reader = new Reader();
  #phase: 'away' | 'greeting' | 'open' | 'gone' = 'away';
  #member = 0;
  #stream: Stream | undefined;
  #password: Buffer = Buffer.alloc(16);
  #lastZxid = 0;
  #xid = 0;
  #writes = 0;
  #outstanding: Outstanding[] = [];
  #unfired = new Map<string, ArmedWatch>();
  #versions = new Map<string, number>();
  #lastSentMs = 0;
  #lastHeardMs = 0;
  #greetedMs = 0;

  constructor({ name, place, world, chance }: ClientParts) {
    this.name = name;
    this.place = place;
    this.#world = world;
    this.#chance = chance;
    this.#member = chance.whole(1, world.memberCount);
    this.#comeBack();
    this.#beat();
  }

  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  /** The member that it is connected to, or tries. */
  get member(): number {
    return this.#member;
  }

  /** Asks for something, if it can just now. Says whether it did. */
  wish(wish: Wish, path: string): boolean {
    if (this.#phase !== 'open' || this.#outstanding.length >= PIPELINE_MAX) return false;
    if (wish === 'watch' && this.#unfired.has(path)) return false;
    this.#writes += 1;
    const data = Buffer.from(`${this.name}.${this.#writes}`);
    let syncedAt: number | undefined;
    for (const request of requestsOf(wish, { path, data, version: this.#versions.get(path) ?? 0 })) {
      const call = this.#call(request, path, syncedAt);
      if (request.op === 'sync') syncedAt = call.askedAt;
    }
    return true;
  }

  /** Asks for another membership: a member with a role, or without. */
  reconfigure(member: number, role: 'participant' | 'observer' | 'none'): void {
    if (this.#phase !== 'open') return;
    const joiningServers = role === 'none' ? '' : `server.${member}=${placeOf(member, role)}`;
    const leavingServers = role === 'none' ? String(member) : '';
    const body = { joiningServers, leavingServers, newMembers: '', curConfigId: -1 };
    this.#call({ op: 'reconfig', body }, '/zookeeper/config', undefined);
  }

  /** Ends its session and begins another. */
  close(): void {
    if (this.#phase === 'open') this.#call({ op: 'closeSession', body: {} }, '', undefined);
  }

  /** Goes to another member with its session. */
  move(member?: number): void {
    if (this.#phase === 'gone') return;
    this.#member = member ?? (this.#member % this.#world.memberCount) + 1;
    this.#drop();
  }

  /** Leaves without a word, for good. */
  leave(): void {
    this.#drop();
    this.#phase = 'gone';
  }

  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const end = at + HEADER_BYTES + bytes.readInt32BE(at);
      if (this.#stream === undefined) return;
      this.#read(this.#reader.reset(bytes, at + HEADER_BYTES, end));
      at = end;
    }
  }

  over(): void {
    this.#member = this.#chance.whole(1, this.#world.memberCount);
    this.#drop();
  }

  #drop(): void {
    this.#stream?.end();
    this.#stream = undefined;
    this.#outstanding = [];
    this.#unfired.clear();
    if (this.#phase === 'gone') return;
    this.#phase = 'away';
  }

  /** Tries again and again to be connected; and says now and then that it is there. */
  #beat(): void {
    this.#world.timeline.after(RETRY_MS * (0.5 + this.#chance.share()), () => {
      if (this.#phase === 'gone') return;
      this.#beat();
      if (this.#phase === 'away') return this.#comeBack();
      const { nowMs } = this.#world.timeline;
      const isSilent = nowMs - this.#lastHeardMs > SILENT_MS_MAX && nowMs - this.#greetedMs > SILENT_MS_MAX;
      if (isSilent) return this.over();
      if (this.#phase === 'open' && nowMs - this.#lastSentMs > PING_AFTER_MS) this.#ping();
    });
  }

  #comeBack(): void {
    const stream = this.#world.connect(this, this.#member);
    if (stream === undefined) {
      this.#member = this.#chance.whole(1, this.#world.memberCount);
      return;
    }
    this.#stream = stream;
    this.#phase = 'greeting';
    this.#greetedMs = this.#world.timeline.nowMs;
    this.#lastHeardMs = this.#greetedMs;
    const writer = new Writer(64);
    const frame = writer.beginFrame();
    connectRequest.encode(writer, {
      protocolVersion: 0,
      lastZxidSeen: this.#lastZxid,
      timeoutMs: clientTimeoutMs,
      sessionId: this.session,
      password: this.#password,
      readOnly: false,
    });
    writer.endFrame(frame);
    stream.send(writer.take());
  }

  #ping(): void {
    this.#send({ op: 'ping', body: {} }, specialXids.ping, undefined);
  }

  #call(request: Request, path: string, syncedAt: number | undefined): Call {
    this.#xid += 1;
    const { session } = this;
    const askedAt = this.#world.position();
    const call: Call = {
      client: this.name,
      session,
      xid: this.#xid,
      op: request.op,
      path,
      askedAt,
      syncedAt,
      answer: undefined,
    };
    this.calls.push(call);
    this.#send(request, this.#xid, call);
    return call;
  }

  #send(request: Request, xid: number, call: Call | undefined): void {
    const askedMs = this.#world.timeline.nowMs;
    this.#outstanding.push({ xid, request, call, askedMs });
    this.#lastSentMs = askedMs;
    this.#stream?.send(requestFrame(xid, request));
  }

  #read(frame: Reader): void {
    try {
      this.#frame(frame);
    } catch (error) {
      this.#world.misread(this, messageOf(error));
      this.over();
    }
  }

  #frame(frame: Reader): void {
    this.#lastHeardMs = this.#world.timeline.nowMs;
    if (this.#phase === 'greeting') return this.#welcome(frame);
    const { xid, zxid, err } = replyHeader.decode(frame);
    if (zxid > 0) this.#lastZxid = Math.max(this.#lastZxid, zxid);
    if (xid === specialXids.notification) return this.#fired(watchEvent.decode(frame).path, zxid);
    const outstanding = this.#outstanding.shift();
    if (outstanding === undefined || outstanding.xid !== xid) {
      this.#world.note(this, `answers out of order: ${xid} instead of ${outstanding?.xid}`);
      return this.#misordered(xid, zxid);
    }
    this.heardMs = Math.max(this.heardMs, outstanding.askedMs);
    for (const watch of this.#unfired.values()) watch.lastZxidUnfired = Math.max(watch.lastZxidUnfired, zxid);
    const error = errorName(err);
    const { call, request } = outstanding;
    if (call === undefined) return;
    const body = err === 0 ? (ops[request.op].reply as { decode(reader: Reader): unknown }).decode(frame) : undefined;
    call.answer = { at: this.#world.position(), zxid, error, body: kept(body) };
    this.#learn(request, call);
  }

  /** An answer that nobody asked for is kept, for the checkers to find. */
  #misordered(xid: number, zxid: number): void {
    const { session, name: client } = this;
    const askedAt = this.#world.position();
    const answer = { at: askedAt, zxid, error: 'answered_out_of_order', body: undefined };
    this.calls.push({ client, session, xid, op: 'ping', path: '', askedAt, syncedAt: undefined, answer });
  }

  #learn(request: Request, { path, answer }: Call): void {
    const body = answer?.body as { readonly stat?: { readonly version: number } } | undefined;
    if (body?.stat !== undefined) this.#versions.set(path, body.stat.version);
    const isArmed = request.op === 'getData' && (request.body as { readonly watch: boolean }).watch;
    if (isArmed && answer?.error === 'ok') {
      const watch: ArmedWatch = { path, armedZxid: answer.zxid, firedZxid: undefined, lastZxidUnfired: answer.zxid };
      this.watches.push(watch);
      this.#unfired.set(path, watch);
    }
    if (request.op === 'closeSession') this.#ended();
  }

  #fired(path: string, zxid: number): void {
    const watch = this.#unfired.get(path);
    if (watch === undefined) return;
    watch.firedZxid = zxid;
    this.#unfired.delete(path);
  }

  #welcome(frame: Reader): void {
    const { timeoutMs, sessionId, password } = connectReply.decode(frame);
    if (timeoutMs === 0) {
      this.goodbyes.push({ session: this.session, at: this.#world.position(), atMs: this.#world.timeline.nowMs });
      this.#world.note(this, `is told that ${this.session} is over`);
      return this.#ended();
    }
    if (this.session === noSession) this.#xid = 0;
    this.session = sessionId;
    this.#password = Buffer.from(password ?? []);
    this.heardMs = Math.max(this.heardMs, this.#greetedMs);
    this.#phase = 'open';
    this.#world.note(this, `has session ${sessionId} at ${this.#member}`);
  }

  #ended(): void {
    this.session = noSession;
    this.#password = Buffer.alloc(16);
    this.#drop();
  }
}

/** A copy of an answer whose data outlives its frame. */
function kept(body: unknown): unknown {
  const { data } = (body ?? {}) as { readonly data?: Buffer | null };
  return data instanceof Buffer ? { ...(body as object), data: data.toString('latin1') } : body;
}
