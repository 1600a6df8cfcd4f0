import type { Socket } from 'node:net';
import { type Backoff, backoffMs } from '@reeve/base';
import { Writer } from '@reeve/wire';
import type { MemberId, Notification } from '@reeve/zab';
import type { Failure, KnownPeer } from './greet.ts';
import { writeNotification } from './notification-frame.ts';
import { PeerCall } from './peer-call.ts';
import type { PeerAddress } from './peer-carrier.ts';
import type { PeerGround } from './peer-ground.ts';

/** How long to wait before the next try to reach a member: it may be about to start. */
const retry: Backoff = { baseMs: 20, factor: 1.5, ceilingMs: 1_000, jitter: 0.2 };
/** How often an idle line is tried. One that was not echoed from one time to the next is made anew. */
const beatMs = 1_000;
/** Frames that may be on their way before the latest waits. */
const unechoedMax = 8;
const echoBytes = 4;
const beat = Buffer.alloc(4);

/** Where a line leads. */
export interface LineEnd {
  readonly member: MemberId;
  readonly address: PeerAddress;
}

/**
 * Tells one other member of this member's vote, over a connection that is kept. Each frame is echoed, so that a connection
 * that leads nowhere is found out and made anew in seconds, whatever TCP believes of it. Only the latest notification
 * waits; it is told again over the next connection unless it is known to have arrived.
 */
export class NotificationLine {
  readonly end: LineEnd;
  readonly #ground: PeerGround;
  #call: PeerCall | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #socket: Socket | undefined;
  #beating: NodeJS.Timeout | undefined;
  #latest: Buffer | undefined;
  /** Whether the latest must be written yet. */
  #isDue = false;
  #unechoed = 0;
  #echoedSinceBeat = 0;

  constructor(ground: PeerGround, end: LineEnd) {
    this.end = end;
    this.#ground = ground;
    this.#try();
  }

  /** Tells this as soon as it can, in place of what waits. */
  tell(notification: Notification): void {
    const writer = new Writer();
    writeNotification(writer, notification);
    this.#latest = writer.take();
    this.#isDue = true;
    this.#flush();
  }

  /** Tries at once when it was waiting to: the other member is there. */
  hurry(): void {
    if (this.#retry === undefined) return;
    this.#failures = 0;
    this.#try();
  }

  stop(): void {
    clearTimeout(this.#retry);
    clearInterval(this.#beating);
    this.#call?.cancel();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  #try(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const { member, address } = this.end;
    const callee = { member, address, purpose: 'election' } as const;
    this.#call = new PeerCall(this.#ground, callee, {
      known: (peer) => this.#open(peer),
      failed: (failure) => this.#failed(failure),
    });
  }

  #failed({ kind, reason }: Failure): void {
    const { member, address } = this.end;
    const facts = { member, ...address, reason };
    if (kind === 'lost') this.#ground.logger.debug(facts, 'a member is not reached');
    else this.#ground.complaints.warn(facts, 'a member was reached, and does not talk to this one');
    this.#again();
  }

  #again(): void {
    this.#call = undefined;
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#try(), backoffMs(retry, this.#failures, Math.random));
  }

  #open({ socket }: KnownPeer): void {
    this.#call = undefined;
    this.#failures = 0;
    this.#socket = socket;
    this.#unechoed = 0;
    this.#isDue = this.#latest !== undefined;
    this.#beating = setInterval(() => this.#beat(), beatMs);
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      this.#echoed(Math.floor(bytes / echoBytes));
      bytes %= echoBytes;
    });
    socket.on('error', () => {}).on('end', () => socket.destroy());
    socket.on('close', () => this.#lost(socket));
    socket.resume();
    this.#flush();
  }

  #lost(socket: Socket): void {
    if (this.#socket !== socket) return;
    clearInterval(this.#beating);
    this.#socket = undefined;
    this.#again();
  }

  #flush(): void {
    if (this.#socket === undefined || this.#latest === undefined || !this.#isDue) return;
    if (this.#unechoed >= unechoedMax) return;
    this.#isDue = false;
    this.#write(this.#latest);
  }

  #write(frame: Buffer): void {
    this.#unechoed += 1;
    this.#socket?.write(frame);
  }

  #echoed(frames: number): void {
    this.#echoedSinceBeat += frames;
    this.#unechoed -= frames;
    if (this.#unechoed === 0 && !this.#isDue) this.#latest = undefined;
    this.#flush();
  }

  #beat(): void {
    const { member } = this.end;
    if (this.#unechoed > 0 && this.#echoedSinceBeat === 0) {
      this.#ground.logger.debug({ member }, 'a connection to a member leads nowhere: it is made anew');
      this.#socket?.destroy();
    } else if (this.#unechoed === 0) this.#write(beat);
    this.#echoedSinceBeat = 0;
  }
}
