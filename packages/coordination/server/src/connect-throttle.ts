/** How many handshakes are let through, and how fast: ZooKeeper's connection throttle (BlueThrottle). */
export interface ConnectThrottleSettings {
  /** Handshakes that may come at once, in tokens. */
  readonly tokensMax: number;
  /** So many tokens come back in each `fillMs`. */
  readonly fillTokens: number;
  readonly fillMs: number;
  /** What a new session costs, and what it costs to come back to one, in tokens. */
  readonly newSessionTokens: number;
  readonly renewalTokens: number;
  /** How handshakes are refused at random while tokens are short; without, they are not. */
  readonly drop: DropSettings | undefined;
}

/** How the chance to be refused follows what is left. */
export interface DropSettings {
  /** How often the chance is changed, milliseconds. */
  readonly intervalMs: number;
  /** Added while no token is left. */
  readonly increase: number;
  /** Taken off while no more than `relief` of the tokens are in use. */
  readonly decrease: number;
  readonly relief: number;
}

/** Length of the frame, version and last zxid of the protocol, time-out: what comes before a handshake's session id. */
const SESSION_ID_AT = 4 + 4 + 8 + 4;
const SESSION_ID_BYTES = 8;

/** What a client wants by its first bytes. What is no handshake will be found out later, and passes for a new one. */
export function handshakeOf(bytes: Buffer): 'new_session' | 'renewal' | 'unknown' {
  const end = SESSION_ID_AT + SESSION_ID_BYTES;
  if (bytes.length < end) return bytes.readInt32BE(0) + 4 < end ? 'new_session' : 'unknown';
  return bytes.readBigInt64BE(SESSION_ID_AT) === 0n ? 'new_session' : 'renewal';
}

/** Lets handshakes through as long as there are tokens for them. */
export class ConnectThrottle {
  readonly #settings: ConnectThrottleSettings;
  /** A number from 0 to 1, this one left out. */
  readonly #chance: () => number;
  #tokens: number;
  #filledMs: number;
  #adjustedMs: number;
  #dropChance = 0;

  /** @param nowMs on a clock that never goes back, as in `admits` */
  constructor(settings: ConnectThrottleSettings, nowMs: number, chance: () => number) {
    this.#settings = settings;
    this.#chance = chance;
    this.#tokens = settings.tokensMax;
    this.#filledMs = nowMs;
    this.#adjustedMs = nowMs;
  }

  /** Whether a handshake may go on; takes its tokens, if so. */
  admits(handshake: 'new_session' | 'renewal', nowMs: number): boolean {
    const { tokensMax, fillTokens, fillMs, newSessionTokens, renewalTokens, drop } = this.#settings;
    const refill = ((nowMs - this.#filledMs) * fillTokens) / fillMs;
    this.#tokens = Math.min(this.#tokens + refill, tokensMax);
    this.#filledMs = nowMs;
    if (drop !== undefined && this.#isDropped(drop, nowMs)) return false;
    const needed = handshake === 'renewal' ? renewalTokens : newSessionTokens;
    if (this.#tokens < needed) return false;
    this.#tokens -= needed;
    return true;
  }

  #isDropped({ intervalMs, increase, decrease, relief }: DropSettings, nowMs: number): boolean {
    if (nowMs - this.#adjustedMs > intervalMs) {
      this.#adjustedMs = nowMs;
      const used = this.#settings.tokensMax - this.#tokens;
      if (this.#tokens < 1) this.#dropChance = Math.min(this.#dropChance + increase, 1);
      else if (used <= this.#settings.tokensMax * relief) this.#dropChance = Math.max(this.#dropChance - decrease, 0);
    }
    return this.#chance() < this.#dropChance;
  }
}
