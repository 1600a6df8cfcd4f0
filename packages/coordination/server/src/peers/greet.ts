import type { Socket } from 'node:net';
import { messageOf } from '@reeve/base';
import type { MemberId } from '@reeve/zab';
import { type Greeted, type Greeting, greetingBytesMax, refuses } from './greeting.ts';
import { type Refusal, refusals } from './peer-refusal.ts';

/** Another member, known by its greeting. */
export interface KnownPeer {
  readonly peer: MemberId;
  readonly socket: Socket;
  /** What it said after its greeting already; it says no more until the socket is resumed. */
  readonly rest: Buffer;
}

/** Why there is no connection to another member. */
export interface Failure {
  /** Who it said it was. */
  readonly peer: MemberId | undefined;
  /** `lost`: the connection ended; others are worth a warning. */
  readonly kind: 'lost' | 'refuses' | 'refused';
  readonly reason: string;
}

/** Who wants to know how a greeting ended; told once. */
export interface GreetingOutcome {
  known(peer: KnownPeer): void;
  failed(failure: Failure): void;
}

const lengthBytes = 4;

/** Greets over a connected socket. Whoever starts this limits its time, by destroying the socket. */
export function greet(socket: Socket, greeting: Greeting, outcome: GreetingOutcome): void {
  let bytes: Buffer = Buffer.alloc(0);
  const end = () => {
    socket.off('data', take).off('error', lose).off('close', closed);
  };
  const fail = (failure: Failure) => {
    end();
    socket.on('error', () => {});
    socket.destroySoon();
    outcome.failed(failure);
  };
  const lose = (error: Error) => fail({ peer: undefined, kind: 'lost', reason: messageOf(error) });
  const closed = () => fail({ peer: undefined, kind: 'lost', reason: 'the connection was closed' });
  const take = (chunk: Buffer) => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    for (let whole = wholeFrame(bytes); whole !== undefined; whole = wholeFrame(bytes)) {
      const greeted = whole === 'too_long' ? refuses('no_member', undefined) : greeting.take(whole);
      if (whole !== 'too_long') bytes = bytes.subarray(lengthBytes + whole.length);
      if ('send' in greeted && greeted.send !== undefined) socket.write(greeted.send);
      if (greeted.kind === 'goes_on') continue;
      if (greeted.kind !== 'known') return fail(failureOf(greeted));
      socket.pause();
      end();
      return outcome.known({ peer: greeted.peer, socket, rest: bytes });
    }
  };
  socket.on('data', take).on('error', lose).on('close', closed);
  if (greeting.opening !== undefined) socket.write(greeting.opening);
}

function wholeFrame(bytes: Buffer): Buffer | 'too_long' | undefined {
  if (bytes.length < lengthBytes) return undefined;
  const length = bytes.readUInt32BE(0);
  if (length > greetingBytesMax) return 'too_long';
  return bytes.length < lengthBytes + length ? undefined : bytes.subarray(lengthBytes, lengthBytes + length);
}

function failureOf(greeted: Extract<Greeted, { kind: 'refuses' | 'refused' }>): Failure {
  if (greeted.kind === 'refuses') return { kind: 'refuses', peer: greeted.peer, reason: refusals[greeted.why] };
  return { kind: 'refused', peer: undefined, reason: saidBy(greeted.why) };
}

function saidBy(why: Refusal | 'unknown'): string {
  return why === 'unknown'
    ? 'it gave a reason that this release does not know'
    : `it said of this member: ${refusals[why]}`;
}
