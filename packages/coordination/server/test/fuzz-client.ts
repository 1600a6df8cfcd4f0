import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { anyRequest, handshake, mutated } from './fuzz-frames.ts';

/** What the attackers did, for those who want to know how much was tried. */
export interface FuzzCounts {
  connections: number;
  frames: number;
}

const framesMax = 150;
const reluctance = 0.1;
/** How long a connection is kept up at most after its last bytes: some frames are announced and never end. */
const patienceMs = 80;

/** One connection after the other, each with frames that are right, nearly right, or not frames at all. */
export class FuzzClient {
  readonly #port: number;
  readonly #random: () => number;
  readonly #counts: FuzzCounts;

  constructor(port: number, random: () => number, counts: FuzzCounts) {
    this.#port = port;
    this.#random = random;
    this.#counts = counts;
  }

  async runUntil(done: () => boolean): Promise<void> {
    while (!done()) await this.#connection();
  }

  async #connection(): Promise<void> {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    this.#counts.connections += 1;
    // Some never read what they are answered.
    if (this.#random() > reluctance) socket.resume();
    await Promise.race([once(socket, 'connect').catch(() => undefined), closed]);
    await this.#send(socket);
    const impatience = setTimeout(() => socket.destroy(), this.#random() * patienceMs);
    if (this.#random() < 0.3) socket.end();
    await closed;
    clearTimeout(impatience);
  }

  async #send(socket: Socket): Promise<void> {
    const random = this.#random;
    const greeting = handshake(random);
    const parts = [random() < 0.1 ? mutated(greeting, random) : greeting];
    const frames = Math.floor(random() * framesMax);
    // On some connections hardly anything is wrong, so that they live for long.
    const wrong = random() < 0.5 ? 0.01 : 0.2;
    for (let xid = 1; xid <= frames; xid += 1) {
      const frame = anyRequest(xid, random);
      parts.push(random() < wrong ? mutated(frame, random) : frame);
    }
    this.#counts.frames += frames;
    for (const piece of pieces(Buffer.concat(parts), random)) {
      if (socket.destroyed) return;
      socket.write(piece);
      if (random() < 0.2) await new Promise(setImmediate);
    }
  }
}

function* pieces(bytes: Buffer, random: () => number): Generator<Buffer> {
  const most = random() < 0.3 ? 20 : 20_000;
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + Math.floor(random() * most);
    yield bytes.subarray(at, end);
    at = end;
  }
}
