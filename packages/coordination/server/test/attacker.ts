import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connectRequest, noSession, type OpName, ops, type RequestOf, requestHeader, Writer } from '@reeve/wire';

/** Fewer than a system holds until they are accepted. */
const burstMax = 500;

/** A request as it goes over the wire. */
export function frameOf<N extends OpName>(op: N, request: RequestOf<N>): Buffer {
  const writer = new Writer();
  const frame = writer.beginFrame();
  requestHeader.encode(writer, { xid: 1, type: ops[op].code });
  (ops[op].request as { encode(writer: Writer, value: unknown): void }).encode(writer, request);
  writer.endFrame(frame);
  return writer.take();
}

/** The first frame of a client that wants a session. */
export function helloFrame(timeoutMs = 10_000): Buffer {
  const writer = new Writer();
  const frame = writer.beginFrame();
  const head = { protocolVersion: 0, lastZxidSeen: 0, timeoutMs, sessionId: noSession };
  connectRequest.encode(writer, { ...head, password: Buffer.alloc(16), readOnly: false });
  writer.endFrame(frame);
  return writer.take();
}

/** The length of a frame, and nothing of the frame. */
export function announced(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(length);
  return bytes;
}

/** A connection that keeps to no rule. It reads nothing unless told. */
export class Attacker {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #received = 0;

  private constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  static async connect(port: number): Promise<Attacker> {
    const attacker = new Attacker(port);
    await Promise.race([once(attacker.socket, 'connect').catch(() => undefined), attacker.closed]);
    return attacker;
  }

  /** Many, as fast as they are accepted. */
  static async many(port: number, count: number): Promise<Attacker[]> {
    const attackers: Attacker[] = [];
    while (attackers.length < count) {
      const burst = Math.min(burstMax, count - attackers.length);
      attackers.push(...(await Promise.all(Array.from({ length: burst }, () => Attacker.connect(port)))));
    }
    return attackers;
  }

  get isClosed(): boolean {
    return this.socket.destroyed;
  }

  /** Bytes that were read. */
  get received(): number {
    return this.#received;
  }

  send(...frames: readonly Buffer[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames));
  }

  /** Reads from now on, and forgets what it reads. */
  read(): void {
    this.socket.on('data', (bytes: Buffer) => {
      this.#received += bytes.length;
    });
  }

  async destroy(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}
