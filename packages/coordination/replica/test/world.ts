import { createHash, createHmac } from 'node:crypto';
import { type Entry, Replica, type ReplicaEvent, type ReplicaOptions, replicaDefaults } from '@reeve/replica';
import type { OpName, RequestOf, SessionId } from '@reeve/wire';
import { type Membership, zabDefaults } from '@reeve/zab';
import { type Arrival, TestClient } from './test-client.ts';

/** An ensemble of one. */
const membershipOfOne: Membership = { version: 0, members: [{ id: 1, role: 'participant', place: '' }] };

/** Options under which everything is allowed, and everything is soon. */
export const testOptions: ReplicaOptions = {
  ...replicaDefaults,
  timeToLive: 'accepted',
  x509: 'accepted',
  sasl: 'accepted',
  containerCheckIntervalMs: 1000,
  firstSessionId: '0000000000000a01' as SessionId,
  zab: { ...zabDefaults, id: 1, membership: membershipOfOne, epochs: undefined },
  sessionSecret: Buffer.from('secret'),
  sessionPassword: (session, secret) => createHmac('sha256', secret).update(session).digest().subarray(0, 16),
  digest: (credentials) => createHash('sha1').update(credentials).digest('base64'),
  superDigest: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
};

/** What one turn of the server did. */
export interface Turn {
  readonly arrivals: ReadonlyMap<number, readonly Arrival[]>;
  readonly closed: readonly number[];
  /** Entries handed to the journal. */
  readonly entries: readonly Entry[];
}

/** A replica with clients and a journal, without sockets and disk: time passes when told. */
export class World {
  now = 1_000_000;
  readonly clients = new Map<number, TestClient>();
  /** What is on disk. */
  readonly log: Entry[] = [];
  replica: Replica;
  #unsynced: Entry[] = [];
  readonly #options: ReplicaOptions;

  constructor(options: Partial<ReplicaOptions> = {}) {
    this.#options = { ...testOptions, ...options };
    this.replica = new Replica(this.#options);
    this.replica.start(this.now);
  }

  /** Opens a connection, without a greeting. */
  open(x509?: string): TestClient {
    const client = new TestClient(this.clients.size + 1);
    this.clients.set(client.connection, client);
    const { connection } = client;
    this.step({ kind: 'opened', connection, address: '10.1.2.3', ...(x509 === undefined ? {} : { x509 }) });
    return client;
  }

  /** A client with a session of its own. */
  connect(wanted: Parameters<TestClient['hello']>[0] = {}): TestClient {
    const client = this.open();
    this.frame(client, client.hello(wanted));
    this.turn();
    return client;
  }

  step(event: ReplicaEvent): void {
    this.replica.step(event, this.now);
  }

  frame(client: TestClient, bytes: Buffer): void {
    this.step({ kind: 'frame', connection: client.connection, bytes, start: 0, end: bytes.length });
  }

  send<N extends OpName>(client: TestClient, op: N, request: RequestOf<N>): void {
    this.frame(client, client.request(op, request));
  }

  /** Sends one request, lets the disk do its work, and says what the client saw. */
  ask<N extends OpName>(client: TestClient, op: N, request: RequestOf<N>): readonly Arrival[] {
    this.send(client, op, request);
    return this.turn().arrivals.get(client.connection) ?? [];
  }

  /** Performs the outbox, and tells at once that its entries are on disk. */
  turn(): Turn {
    const before = this.perform();
    this.persist();
    const after = this.perform();
    return {
      arrivals: merged(before.arrivals, after.arrivals),
      closed: [...before.closed, ...after.closed],
      entries: [...before.entries, ...after.entries],
    };
  }

  /** Performs the outbox; its entries are on their way to the disk. */
  perform(): Turn {
    const { outbox } = this.replica;
    const entries = outbox.entries.map(({ zxid, payload }) => ({ zxid, payload: Buffer.from(payload) }));
    this.#unsynced.push(...entries);
    const arrivals = new Map<number, readonly Arrival[]>();
    for (const [connection, writer] of outbox.replies) {
      arrivals.set(connection, this.clients.get(connection)?.read(writer.take()) ?? []);
    }
    const closed = [...outbox.closing];
    outbox.clear();
    return { arrivals, closed, entries };
  }

  /** The disk has the first `count` entries that it had not; all of them unless told. */
  persist(count = this.#unsynced.length): void {
    const synced = this.#unsynced.splice(0, count);
    this.log.push(...synced);
    const last = synced.at(-1);
    if (last !== undefined) this.step({ kind: 'persisted', zxid: last.zxid });
  }

  /** The disk is full: what it had not is lost. */
  failDisk(): void {
    this.#unsynced = [];
    this.step({ kind: 'journal_failed', fault: { code: 'disk_full', reason: 'no space left on device' } });
  }

  /** Time passes, tick by half tick, as the server lets it. */
  pass(ms: number): void {
    const half = this.#options.tickMs / 2;
    for (let left = ms; left > 0; left -= half) {
      this.now += Math.min(half, left);
      this.step({ kind: 'tick' });
    }
  }

  /** The member is killed and starts anew from its log: connections are gone, sessions are not. */
  restart(): void {
    this.replica = new Replica(this.#options);
    for (const entry of this.log) this.replica.replay(entry);
    this.replica.start(this.now);
    this.#unsynced = [];
  }
}

function merged(
  before: ReadonlyMap<number, readonly Arrival[]>,
  after: ReadonlyMap<number, readonly Arrival[]>,
): ReadonlyMap<number, readonly Arrival[]> {
  const all = new Map(before);
  for (const [connection, arrivals] of after) all.set(connection, [...(all.get(connection) ?? []), ...arrivals]);
  return all;
}
