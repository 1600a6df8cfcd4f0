import { type Entry, Replica, type ReplicaOptions } from '@reeve/replica';
import { type OpName, type RequestOf, type SessionId, Writer } from '@reeve/wire';
import { type LinkId, type MemberId, writeSlice, writeSnapshotEnd, type ZabOptions, zabDefaults } from '@reeve/zab';
import { type Arrival, TestClient } from './test-client.ts';
import { testOptions } from './world.ts';

/** Rounds after which a party that has not come to rest never will. */
const ROUNDS_MAX = 500;

const readPlace: ReplicaOptions['readPlace'] = (place) => ({ role: 'participant', place });

/** One member of a party: a replica, its disk and its links. */
export interface Seat {
  readonly id: MemberId;
  replica: Replica;
  log: Entry[];
  dialling: MemberId | undefined;
  readonly links: Map<LinkId, { readonly seat: Seat; readonly link: LinkId }>;
  phase: 'up' | 'down';
}

/** Several replicas that reach each other at once, without loss: what members do for clients together. */
export class Party {
  now = 1_000_000;
  readonly seats: readonly Seat[];
  readonly #clients = new Map<TestClient, { readonly seat: Seat; readonly arrivals: Arrival[] }>();
  readonly closed = new Set<TestClient>();
  #numbers = 0;

  constructor(size: number, options: Partial<ReplicaOptions> = {}, agreement: Partial<ZabOptions> = {}) {
    const members = Array.from({ length: size }, (_, at) => ({ id: at + 1, role: 'participant', place: '' }) as const);
    this.seats = members.map(({ id }) => {
      const firstSessionId = `0${id}00000000000001` as SessionId;
      const zab = { ...zabDefaults, ...agreement, id, membership: { version: 0, members }, epochs: undefined };
      const own = { reconfiguration: 'offered', readPlace, firstSessionId, zab } as const;
      const replica = new Replica({ ...testOptions, ...own, ...options });
      return { id, replica, log: [], dialling: undefined, links: new Map(), phase: 'up' };
    });
    for (const { replica } of this.seats) replica.start(this.now);
    this.rest();
  }

  get leader(): Seat {
    return this.#inMode('leader')[0] as Seat;
  }

  get followers(): readonly Seat[] {
    return this.#inMode('follower');
  }

  connect(seat: Seat, wanted: Parameters<TestClient['hello']>[0] = {}): TestClient {
    const client = this.arrive(seat, wanted);
    this.rest();
    return client;
  }

  /** Has a client come, and does not wait for what comes of it. */
  arrive(seat: Seat, wanted: Parameters<TestClient['hello']>[0] = {}): TestClient {
    this.#numbers += 1;
    const client = new TestClient(this.#numbers);
    this.#clients.set(client, { seat, arrivals: [] });
    seat.replica.step({ kind: 'opened', connection: client.connection, address: '10.1.2.3' }, this.now);
    this.#frame(client, client.hello(wanted));
    return client;
  }

  /** Sends a request and says what its client saw until all came to rest. */
  ask<N extends OpName>(client: TestClient, op: N, request: RequestOf<N>): readonly Arrival[] {
    this.send(client, op, request);
    this.rest();
    return this.seen(client);
  }

  send<N extends OpName>(client: TestClient, op: N, request: RequestOf<N>): void {
    this.#frame(client, client.request(op, request));
  }

  /** What a client saw since this was asked last. */
  seen(client: TestClient): readonly Arrival[] {
    return this.#clients.get(client)?.arrivals.splice(0) ?? [];
  }

  /** Time passes for all. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 500) {
      this.tick();
      this.rest();
    }
  }

  /** Half a second passes for all, and nothing is delivered yet of what comes of it. */
  tick(): void {
    this.now += 500;
    for (const { replica } of this.#up) {
      replica.step({ kind: 'tick' }, this.now);
      replica.step({ kind: 'zab', event: { kind: 'timer' } }, this.now);
    }
  }

  /** A member is gone, with its clients. */
  kill(seat: Seat): void {
    seat.phase = 'down';
    for (const [link, other] of [...seat.links]) this.#cut(seat, link, other);
  }

  /** Everything is delivered and written until nothing is left to do. */
  rest(): void {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const busy = this.#up.map((seat) => this.#perform(seat));
      if (busy.every((one) => one === 'idle')) return;
      this.now += 1;
      for (const { replica } of this.#up) {
        if ((replica.wakeInMs ?? 1) <= 50) replica.step({ kind: 'zab', event: { kind: 'timer' } }, this.now);
      }
    }
  }

  get #up(): readonly Seat[] {
    return this.seats.filter(({ phase }) => phase === 'up');
  }

  #inMode(mode: 'leader' | 'follower'): readonly Seat[] {
    return this.#up.filter(({ replica }) => replica.status().mode === mode);
  }

  #frame(client: TestClient, bytes: Buffer): void {
    const known = this.#clients.get(client);
    const event = { kind: 'frame', connection: client.connection, bytes, start: 0, end: bytes.length } as const;
    known?.seat.replica.step(event, this.now);
  }

  #perform(seat: Seat): 'busy' | 'idle' {
    const { outbox } = seat.replica;
    const { zab } = outbox;
    const entries = outbox.entries.map(({ zxid, payload }) => ({ zxid, payload: Buffer.from(payload) }));
    const messages = [...zab.messages].map(([link, writer]) => ({ link, bytes: this.#stream(seat, link, writer) }));
    const notifications = [...zab.notifications];
    const { dial, truncate, install } = zab;
    const closing = [...zab.closing];
    this.#deliver(seat);
    outbox.clear();
    if (dial !== undefined) seat.dialling = dial.leader;
    seat.log.push(...entries);
    for (const { link, bytes } of messages) this.#hand(seat, link, bytes);
    for (const [to, notification] of notifications) {
      const other = this.#up.find(({ id }) => id === to);
      other?.replica.step({ kind: 'zab', event: { kind: 'notified', notification } }, this.now);
    }
    for (const link of closing) {
      const other = seat.links.get(link);
      if (other !== undefined) this.#cut(seat, link, other);
    }
    const dialled = this.#dial(seat);
    const last = entries.at(-1);
    if (last !== undefined) seat.replica.step({ kind: 'persisted', zxid: last.zxid }, this.now);
    if (truncate !== undefined) seat.replica.step({ kind: 'zab', event: { kind: 'truncated' } }, this.now);
    if (install !== undefined) seat.replica.step({ kind: 'zab', event: { kind: 'installed' } }, this.now);
    const isBusy = entries.length + messages.length + notifications.length + closing.length > 0 || dialled === 'yes';
    return isBusy ? 'busy' : 'idle';
  }

  #stream(seat: Seat, link: LinkId, writer: Writer): Buffer {
    const bytes = writer.take();
    const snapshot = seat.replica.outbox.zab.snapshots.get(link);
    if (snapshot === undefined) return bytes;
    const frames = new Writer();
    for (const slice of snapshot.source.slices) writeSlice(frames, slice);
    writeSnapshotEnd(frames, snapshot.source.lastZxidSeen());
    return Buffer.concat([bytes.subarray(0, snapshot.after), frames.take(), bytes.subarray(snapshot.after)]);
  }

  #hand(seat: Seat, link: LinkId, bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const end = at + 4 + bytes.readInt32BE(at);
      const other = seat.links.get(link);
      if (other === undefined) return;
      const event = { kind: 'message', link: other.link, bytes, start: at + 4, end } as const;
      other.seat.replica.step({ kind: 'zab', event }, this.now);
      at = end;
    }
  }

  #deliver(seat: Seat): void {
    const { outbox } = seat.replica;
    for (const [client, known] of this.#clients) {
      if (known.seat !== seat) continue;
      const writer = outbox.replies.get(client.connection);
      if (writer !== undefined) known.arrivals.push(...client.read(writer.take()));
      if (outbox.closing.includes(client.connection)) this.closed.add(client);
    }
  }

  #dial(seat: Seat): 'yes' | 'no' {
    const other = this.#up.find(({ id }) => id === seat.dialling);
    if (other === undefined) return 'no';
    seat.dialling = undefined;
    this.#numbers += 2;
    const [here, there] = [this.#numbers - 1, this.#numbers];
    seat.links.set(here, { seat: other, link: there });
    other.links.set(there, { seat, link: here });
    const opened = { kind: 'link_opened' } as const;
    other.replica.step({ kind: 'zab', event: { ...opened, link: there, peer: seat.id, origin: 'accepted' } }, this.now);
    seat.replica.step({ kind: 'zab', event: { ...opened, link: here, peer: other.id, origin: 'dialled' } }, this.now);
    return 'yes';
  }

  #cut(seat: Seat, link: LinkId, other: { readonly seat: Seat; readonly link: LinkId }): void {
    seat.links.delete(link);
    other.seat.links.delete(other.link);
    for (const [end, number] of [[seat, link] as const, [other.seat, other.link] as const]) {
      if (end.phase === 'up') end.replica.step({ kind: 'zab', event: { kind: 'link_closed', link: number } }, this.now);
    }
  }
}
