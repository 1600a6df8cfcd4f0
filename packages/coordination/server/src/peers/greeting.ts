import { createHmac, timingSafeEqual } from 'node:crypto';
import { Reader, WireError, Writer } from '@reeve/wire';
import type { MemberId } from '@reeve/zab';
import { isRefusal, type Refusal } from './peer-refusal.ts';

/** The version of what members say to each other before anything else. */
const greetingVersion = 1;
/** The longest frame of a greeting, bytes: whoever announces more is no member. */
export const greetingBytesMax = 512;
/** Bytes of chance that each side brings. */
export const nonceBytes = 32;

const magic = Buffer.from('reeve-member');
const frames = { hello: 1, answer: 2, proof: 3, refusal: 4 } as const;
const purposes = { election: 1, peer: 2 } as const;
const members = { min: 1, max: 255 } as const;
const noProof = Buffer.alloc(0);

/** Which of a member's ports a connection is for. */
export type Purpose = keyof typeof purposes;

/** What a side of a greeting knows beforehand. */
export interface GreetingTerms {
  readonly self: MemberId;
  readonly purpose: Purpose;
  /** What all members share; nothing is proved without. */
  readonly secret: Buffer | undefined;
  /** What no other connection has: a proof made for one cannot be used on another. */
  readonly binding: Buffer;
  /** Bytes that nobody could foresee. */
  readonly nonce: Buffer;
}

/** What came of a frame: `send` is to be written before anything else. */
export type Greeted =
  | { readonly kind: 'goes_on'; readonly send: Buffer }
  | { readonly kind: 'known'; readonly peer: MemberId; readonly send: Buffer | undefined }
  /** This side does not talk to the other. */
  | { readonly kind: 'refuses'; readonly why: Refusal; readonly send: Buffer; readonly peer: MemberId | undefined }
  /** The other side does not talk to this one. */
  | { readonly kind: 'refused'; readonly why: Refusal | 'unknown' };

/** One side of a greeting: a machine that frames are put into. */
export interface Greeting {
  /** What this side says first. */
  readonly opening: Buffer | undefined;
  /** Takes the next frame, without its length. */
  take(frame: Buffer): Greeted;
}

/** What both sides prove to have seen. */
interface Transcript {
  readonly caller: MemberId;
  readonly host: MemberId;
  readonly callerNonce: Buffer;
  readonly hostNonce: Buffer;
}

/**
 * The side that connected. Three frames: a hello with chance of the caller's; an answer with chance of the host's and its
 * proof that it knows the secret; the caller's proof. Each proof is an HMAC over who speaks, both ids, the purpose and
 * both sides' chance, so that none can be used again, elsewhere, or by the other side.
 */
export class CallerGreeting implements Greeting {
  readonly opening: Buffer;
  readonly #terms: GreetingTerms;
  readonly #host: MemberId;

  constructor(terms: GreetingTerms, host: MemberId) {
    this.#terms = terms;
    this.#host = host;
    this.opening = frameOf(frames.hello, (writer) => {
      writer.raw(magic);
      writer.int(greetingVersion);
      writer.int(purposes[terms.purpose]);
      writer.bool(terms.secret !== undefined);
      writer.int(terms.self);
      writer.int(host);
      writer.raw(terms.nonce);
    });
  }

  take(frame: Buffer): Greeted {
    return reading(frame, (kind, reader) => {
      if (kind === frames.refusal) return refusedBy(reader);
      if (kind !== frames.answer) return refuses('no_member', this.#host);
      const hostNonce = reader.raw(nonceBytes);
      const proof = reader.raw(reader.remaining);
      const { secret, self, nonce } = this.#terms;
      const transcript = { caller: self, host: this.#host, callerNonce: nonce, hostNonce };
      if (!isProved(proof, proofOf('host', this.#terms, transcript))) return refuses('secret_differs', this.#host);
      const own = proofOf('caller', this.#terms, transcript);
      const send = frameOf(frames.proof, (writer) => writer.raw(secret === undefined ? noProof : own));
      return { kind: 'known', peer: this.#host, send };
    });
  }
}

/** The side that was connected to. */
export class HostGreeting implements Greeting {
  readonly opening = undefined;
  readonly #terms: GreetingTerms;
  #transcript: Transcript | undefined;

  constructor(terms: GreetingTerms) {
    this.#terms = terms;
  }

  take(frame: Buffer): Greeted {
    return reading(frame, (kind, reader) => {
      if (kind === frames.refusal) return refusedBy(reader);
      if (this.#transcript !== undefined) return this.#proof(kind, reader, this.#transcript);
      return kind === frames.hello ? this.#hello(reader) : refuses('no_member', undefined);
    });
  }

  #hello(reader: Reader): Greeted {
    if (!reader.skip(magic)) return refuses('no_member', undefined);
    if (reader.int() !== greetingVersion) return refuses('other_version', undefined);
    const purpose = reader.int();
    const hasSecret = reader.bool();
    const caller = reader.int();
    const host = reader.int();
    const callerNonce = Buffer.from(reader.raw(nonceBytes));
    const { self, secret, nonce } = this.#terms;
    if (caller < members.min || caller > members.max) return refuses('no_member', undefined);
    if (purpose !== purposes[this.#terms.purpose]) return refuses('other_port', caller);
    if (host !== self) return refuses('other_member', caller);
    if (caller === self) return refuses('own_id', caller);
    if (secret !== undefined && !hasSecret) return refuses('secret_missing', caller);
    if (secret === undefined && hasSecret) return refuses('secret_not_asked', caller);
    const transcript = { caller, host, callerNonce, hostNonce: nonce };
    this.#transcript = transcript;
    const send = frameOf(frames.answer, (writer) => {
      writer.raw(nonce);
      writer.raw(proofOf('host', this.#terms, transcript));
    });
    return { kind: 'goes_on', send };
  }

  #proof(kind: number, reader: Reader, transcript: Transcript): Greeted {
    const { caller } = transcript;
    if (kind !== frames.proof) return refuses('no_member', caller);
    const expected = proofOf('caller', this.#terms, transcript);
    if (!isProved(reader.raw(reader.remaining), expected)) return refuses('secret_differs', caller);
    return { kind: 'known', peer: caller, send: undefined };
  }
}

/** Says no, and why: for those who do not even begin as a member does. */
export function refuses(why: Refusal, peer: MemberId | undefined): Greeted {
  return { kind: 'refuses', why, peer, send: frameOf(frames.refusal, (writer) => writer.string(why)) };
}

function refusedBy(reader: Reader): Greeted {
  const why = reader.string();
  return { kind: 'refused', why: isRefusal(why) ? why : 'unknown' };
}

function reading(frame: Buffer, judge: (kind: number, reader: Reader) => Greeted): Greeted {
  const kind = frame[0] ?? 0;
  try {
    return judge(kind, new Reader().reset(frame, 1));
  } catch (error) {
    if (error instanceof WireError) return refuses('no_member', undefined);
    throw error;
  }
}

function frameOf(kind: number, write: (writer: Writer) => void): Buffer {
  const writer = new Writer(greetingBytesMax);
  const start = writer.beginFrame();
  writer.raw(Buffer.from([kind]));
  write(writer);
  writer.endFrame(start);
  return writer.take();
}

function proofOf(side: 'caller' | 'host', terms: GreetingTerms, transcript: Transcript): Buffer {
  const { secret, purpose, binding } = terms;
  if (secret === undefined) return noProof;
  const writer = new Writer(greetingBytesMax);
  writer.string(`reeve ${side} ${greetingVersion} ${purpose}`);
  writer.int(transcript.caller);
  writer.int(transcript.host);
  writer.buffer(transcript.callerNonce);
  writer.buffer(transcript.hostNonce);
  writer.buffer(binding);
  return createHmac('sha256', secret).update(writer.view()).digest();
}

function isProved(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
