import { Reader, Writer } from '@reeve/wire';
import type { Entry, Membership, SnapshotSource, Zab, ZabHost } from '@reeve/zab';

/** What begins a snapshot: its zxid. */
const HEAD = 'head';

/** Sees what every host is told. */
export interface HostObserver {
  applied(host: TestHost, zxid: number, payload: string): void;
  led(host: TestHost, epoch: number): void;
}

/** A host whose state is the list of what was committed, and which tells what it was told. */
export class TestHost implements ZabHost {
  readonly told: string[] = [];
  readonly confirmedTokens: number[] = [];
  readonly state = new Map<number, string>();
  applied = 0;
  serving: 'leading' | 'following' | undefined;
  zab: Zab | undefined;
  secret: string;
  observer: HostObserver | undefined;
  readonly #proposed: Entry[] = [];

  constructor(secret: string) {
    this.secret = secret;
  }

  agreed(zxid: number): void {
    while (this.#proposed.length > 0 && (this.#proposed[0] as Entry).zxid <= zxid) {
      this.#apply(this.#proposed.shift() as Entry);
    }
  }

  committed(zxid: number, payload: Reader): void {
    this.#apply({ zxid, payload: payload.raw(payload.remaining) });
  }

  leads(epoch: number): void {
    this.serving = 'leading';
    this.observer?.led(this, epoch);
    this.#proposed.length = 0;
    this.told.push(`leads epoch ${epoch}`);
  }

  follows(leader: number): void {
    this.serving = 'following';
    this.told.push(`follows ${leader}`);
  }

  looks(): void {
    this.serving = undefined;
    this.told.push('looks');
  }

  parted(learner: number): void {
    this.told.push(`parted from ${learner}`);
  }

  carried(from: number, reader: Reader): void {
    this.told.push(`hears "${reader.string()}" from ${from}`);
  }

  confirmed(token: number): void {
    this.confirmedTokens.push(token);
    this.told.push(`confirmed ${token}`);
  }

  writeShared(writer: Writer): void {
    writer.string(this.secret);
  }

  readShared(reader: Reader): void {
    this.secret = reader.string();
  }

  /** Live, as a real one: what is committed while slices are taken may be in them. */
  snapshot(): SnapshotSource {
    const writer = new Writer();
    const { state, applied } = this;
    function* slices(): Iterable<Buffer> {
      writer.long(applied);
      writer.string(HEAD);
      yield writer.take();
      for (const [zxid, payload] of state) {
        writer.long(zxid);
        writer.string(payload);
        yield writer.take();
      }
    }
    return { zxid: applied, slices: slices(), lastZxidSeen: () => this.applied };
  }

  restore(): void {
    this.state.clear();
    this.applied = 0;
  }

  restoreSlice(slice: Buffer): void {
    const reader = new Reader().reset(slice);
    const zxid = reader.long();
    const payload = reader.string();
    if (payload === HEAD) this.applied = zxid;
    else this.state.set(zxid, payload);
  }

  restored(): void {
    this.told.push(`restored ${this.state.size} entries`);
  }

  reconfigured(membership: Membership): void {
    this.told.push(
      `knows ${membership.members.map(({ id, role }) => `${id}${role === 'observer' ? 'o' : ''}`).join(' ')}`,
    );
  }

  propose(payload: string, membership?: Membership): number {
    const zab = this.zab as Zab;
    const zxid = zab.nextZxid;
    const entry = { zxid, payload: Buffer.from(payload) };
    this.#proposed.push(entry);
    const change = membership === undefined ? undefined : { ...membership, version: zxid };
    zab.propose(entry, { member: 1, request: 7 }, change);
    return zxid;
  }

  #apply({ zxid, payload }: Entry): void {
    this.state.set(zxid, payload.toString());
    this.applied = zxid;
    this.observer?.applied(this, zxid, payload.toString());
    this.told.push(`has ${zxidText(zxid)} ${payload}`);
  }
}

/** A zxid as `epoch.counter`. */
export function zxidText(zxid: number): string {
  return `${Math.floor(zxid / 2 ** 32)}.${zxid % 2 ** 32}`;
}
