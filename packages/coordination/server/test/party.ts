import type { Logger } from '@reeve/base';
import { atTestEnd, eventually, freePort } from '@reeve/testkit';
import { Writer } from '@reeve/wire';
import type { LinkId, MemberId, Membership, Notification, SnapshotSource, ZabEvent, ZabOutbox } from '@reeve/zab';
import type { EnsembleConfig } from '../src/peers/ensemble-config.ts';
import { Peers, type PeersParts } from '../src/peers/peers.ts';
import { placeOf } from '../src/peers/place.ts';

/** What a test may want otherwise for one member. */
export interface PartyOptions {
  readonly config?: Partial<EnsembleConfig>;
  readonly parts?: Partial<PeersParts>;
}

/** A membership on free ports of this machine. */
export async function membershipOf(ids: readonly MemberId[]): Promise<Membership> {
  const members = [];
  for (const id of ids) {
    const place = `127.0.0.1:${await freePort()}:${await freePort()}`;
    members.push({ id, role: 'participant' as const, place });
  }
  return { version: 0, members };
}

/** Frames whose first byte says what they are. */
const testFrames = {
  writeSlice: (writer: Writer, slice: Buffer) => writeFrame(writer, Buffer.concat([Buffer.from('s'), slice])),
  writeSnapshotEnd: (writer: Writer, zxid: number) => writeFrame(writer, Buffer.from(`e${zxid}`)),
};

function writeFrame(writer: Writer, body: Buffer): void {
  const start = writer.beginFrame();
  writer.raw(body);
  writer.endFrame(start);
}

/** An outbox with nothing in it but what is given. */
export function outbox(parts: Partial<ZabOutbox> = {}): ZabOutbox {
  return {
    epochs: undefined,
    truncate: undefined,
    install: undefined,
    entries: [],
    messages: new Map(),
    snapshots: new Map(),
    notifications: new Map(),
    closing: [],
    dial: undefined,
    restart: undefined,
    notes: [],
    writer: () => new Writer(),
    ...parts,
  };
}

/** What a member is told of its ensemble, for tests that do not care. */
export function wholeConfig(id: MemberId, membership: Membership): EnsembleConfig {
  return {
    id,
    membership,
    listenOn: 'own_address',
    initTimeoutMs: 10_000,
    syncTimeoutMs: 5_000,
    connectTimeoutMs: 2_000,
    security: { secretFile: undefined, tls: undefined },
    readOnlyMode: 'disabled',
    leaderServes: 'clients',
    dynamicConfigFile: undefined,
  };
}

/** A member without agreement: its connections alone, and what came over them. */
export class Party {
  readonly id: MemberId;
  readonly peers: Peers;
  /** Where it listens, as a `server.N` line has it. */
  readonly place: string;
  readonly notifications: Notification[] = [];
  /** Events of links in short: `opened 1 dialled`, `closed 1`. */
  readonly links: string[] = [];
  /** What came over links, as text. */
  readonly heard: string[] = [];
  /** Sentences of warnings. */
  readonly warnings: string[];
  lastLink: LinkId | undefined;

  private constructor(config: EnsembleConfig, parts: Partial<PeersParts>) {
    this.id = config.id;
    this.place = config.membership.members.find(({ id }) => id === config.id)?.place ?? '';
    const warnings: string[] = [];
    this.warnings = warnings;
    const warn = (facts: object, message: string) => {
      const { reason } = facts as { readonly reason?: string };
      warnings.push(reason === undefined ? message : `${message}: ${reason}`);
    };
    const logger: Logger = { debug() {}, info() {}, warn, error: warn };
    this.peers = new Peers({ config, logger, frames: testFrames, tell: (event) => this.#tell(event), ...parts });
  }

  static async start(id: MemberId, membership: Membership, { config, parts }: PartyOptions = {}): Promise<Party> {
    const party = new Party({ ...wholeConfig(id, membership), ...config }, parts ?? {});
    await party.peers.listen();
    atTestEnd(() => party.peers.stop());
    return party;
  }

  /** Says to another how it votes, with a round to tell one time from another. */
  notify(to: MemberId, round: number): void {
    const vote = { leader: this.id, epoch: 3, zxid: 3 * 2 ** 32 + 7 };
    const notification = {
      from: this.id,
      vote,
      round,
      state: 'looking',
      membership: { version: 0, members: [] },
    } as const;
    this.peers.perform(outbox({ notifications: new Map([[to, notification]]) }));
  }

  dial(leader: MemberId | undefined): void {
    this.peers.perform(outbox({ dial: { leader } }));
  }

  /** Dials, and waits until both have the link. */
  async follow(leader: Party): Promise<void> {
    const [own, others] = [this.links.length, leader.links.length];
    this.dial(leader.id);
    await eventually(() => this.links.length > own && leader.links.length > others, { what: 'there is a link' });
  }

  /** Sends texts over the last link, in one turn. */
  say(...texts: readonly string[]): Writer {
    const writer = new Writer();
    for (const text of texts) writeFrame(writer, Buffer.from(text));
    this.peers.perform(outbox({ messages: this.#onLastLink(writer) }));
    return writer;
  }

  /** Sends a text, then a snapshot, then another text. */
  saySnapshot(before: string, source: SnapshotSource, behind: string): void {
    const writer = new Writer();
    writeFrame(writer, Buffer.from(before));
    const after = writer.length;
    writeFrame(writer, Buffer.from(behind));
    this.peers.perform(outbox({ messages: this.#onLastLink(writer), snapshots: this.#onLastLink({ after, source }) }));
  }

  /** Sends bytes over the last link that are no message. */
  sayRaw(bytes: Buffer): void {
    const writer = new Writer();
    writer.raw(bytes);
    this.peers.perform(outbox({ messages: this.#onLastLink(writer) }));
  }

  port(which: 'peerPort' | 'electionPort'): number {
    return placeOf(this.place)?.[which] ?? 0;
  }

  hasHeard(...texts: readonly string[]): Promise<unknown> {
    return eventually(() => texts.every((text) => this.heard.includes(text)), { what: `${texts.join(', ')} came` });
  }

  #onLastLink<T>(value: T): Map<LinkId, T> {
    return new Map([[this.lastLink ?? 0, value]]);
  }

  #tell(event: ZabEvent): void {
    if (event.kind === 'notified') this.notifications.push(event.notification);
    if (event.kind === 'link_opened') {
      this.lastLink = event.link;
      this.links.push(`${event.origin} ${event.peer}`);
    }
    if (event.kind === 'link_closed') this.links.push('closed');
    if (event.kind === 'message') this.heard.push(event.bytes.toString('utf8', event.start, event.end));
  }
}
