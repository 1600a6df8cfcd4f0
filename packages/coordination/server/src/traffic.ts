import { Distribution } from './distribution.ts';

/** Requests and answers, counted and timed: of one connection, or of all. */
export class Traffic {
  received = 0;
  sent = 0;
  latencyMsMin = 0;
  latencyMsMax = 0;
  latencyMsLast = 0;
  #latencyMsSum = 0;
  #latencies = 0;

  get latencyMsAverage(): number {
    return this.#latencies === 0 ? 0 : this.#latencyMsSum / this.#latencies;
  }

  /** Notes how long one request took; not every request is timed. */
  timed(latencyMs: number): void {
    this.latencyMsMin = this.#latencies === 0 ? latencyMs : Math.min(this.latencyMsMin, latencyMs);
    this.latencyMsMax = Math.max(this.latencyMsMax, latencyMs);
    this.latencyMsLast = latencyMs;
    this.#latencyMsSum += latencyMs;
    this.#latencies += 1;
  }

  reset(): void {
    this.received = 0;
    this.sent = 0;
    this.latencyMsMin = 0;
    this.latencyMsMax = 0;
    this.latencyMsLast = 0;
    this.#latencyMsSum = 0;
    this.#latencies = 0;
  }
}

/** What a coordinator counts over all its connections. */
export class Totals extends Traffic {
  /** Milliseconds that requests took which change nothing; not every one is timed. */
  readonly reads = new Distribution();
  /** Milliseconds that requests took which change something; not every one is timed. */
  readonly updates = new Distribution();
  bytesReceived = 0;
  bytesSent = 0;
  /** Connections that began with a handshake. */
  handshakes = 0;
  /** Connections closed for saying nothing. */
  silentConnections = 0;
  /** Connections that ended, whoever ended them. */
  connectionsDropped = 0;
  /** Connections over a limit. */
  connectionsRejected = 0;
  sessionsExpired = 0;
  /** Clients that failed to prove who they are. */
  authFailures = 0;
  replyBytesLast = 0;
  replyBytesMin = 0;
  replyBytesMax = 0;

  override reset(): void {
    super.reset();
    this.reads.reset();
    this.updates.reset();
    this.replyBytesLast = 0;
    this.replyBytesMin = 0;
    this.replyBytesMax = 0;
  }

  /** Notes the length of one answer or notification, bytes. */
  replied(bytes: number): void {
    this.replyBytesLast = bytes;
    if (bytes > this.replyBytesMax) this.replyBytesMax = bytes;
    if (bytes < this.replyBytesMin || this.replyBytesMin === 0) this.replyBytesMin = bytes;
  }
}
