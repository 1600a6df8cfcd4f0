import type { MemberId } from '@reeve/zab';

/** What went over a link since it was made, or was last asked to count anew. */
export class LinkTraffic {
  /** Messages that came. */
  received = 0;
  /** Writes, each with all messages of a turn. */
  sent = 0;

  reset(): void {
    this.received = 0;
    this.sent = 0;
  }
}

/** A link, for those who list them. */
export interface LinkFacts {
  readonly peer: MemberId;
  readonly origin: 'dialled' | 'accepted';
  /** Where the other side is. */
  readonly address: string;
  readonly port: number;
  /** When it was made, milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly traffic: LinkTraffic;
  /** Writes, and bytes, that the other side has not taken yet. */
  readonly waitingWrites: number;
  readonly waitingBytes: number;
}
