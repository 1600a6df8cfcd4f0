import type { Socket } from 'node:net';
import { FrameSplitter, WireError } from '@reeve/wire';
import type { MemberId, Notification } from '@reeve/zab';
import type { SparingLog } from '../sparing-log.ts';
import type { KnownPeer } from './greet.ts';
import { notificationBytesMax, readNotification } from './notification-frame.ts';

const echoBytes = 4;
/** Echoes that the other member may leave unread, bytes. */
const unreadBytesMax = 64 * 1024;

/** Hears what others say of their votes: one connection from each. */
export class NotificationInbox {
  readonly #complaints: SparingLog;
  readonly #hear: (notification: Notification) => void;
  readonly #sockets = new Map<MemberId, Socket>();

  constructor(complaints: SparingLog, hear: (notification: Notification) => void) {
    this.#complaints = complaints;
    this.#hear = hear;
  }

  /** Takes a connection; one of the same member that was there before is over. */
  add({ peer, socket, rest }: KnownPeer): void {
    this.#sockets.get(peer)?.destroy();
    this.#sockets.set(peer, socket);
    const splitter = new FrameSplitter(notificationBytesMax);
    const take = (chunk: Buffer) => this.#take(chunk, splitter, { peer, socket });
    socket.on('data', take);
    socket.on('error', () => {}).on('end', () => socket.destroy());
    socket.on('close', () => {
      if (this.#sockets.get(peer) === socket) this.#sockets.delete(peer);
    });
    if (rest.length > 0) take(rest);
    socket.resume();
  }

  stop(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  #take(chunk: Buffer, splitter: FrameSplitter, { peer, socket }: Pick<KnownPeer, 'peer' | 'socket'>): void {
    if (socket.destroyed) return;
    let frames = 0;
    try {
      splitter.push(chunk, (bytes, start, end) => {
        frames += 1;
        if (end > start) this.#hear(readNotification(bytes.subarray(start, end), peer));
      });
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#complaints.warn({ member: peer, ...error.facts }, `a member's vote cannot be read: ${error.message}`);
      return void socket.destroy();
    }
    if (socket.writableLength > unreadBytesMax) return void socket.destroy();
    if (frames > 0) socket.write(Buffer.alloc(frames * echoBytes));
  }
}
