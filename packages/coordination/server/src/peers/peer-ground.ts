import { randomBytes } from 'node:crypto';
import type { Logger } from '@reeve/base';
import type { MemberId } from '@reeve/zab';
import type { SparingLog } from '../sparing-log.ts';
import { type GreetingTerms, nonceBytes, type Purpose } from './greeting.ts';
import type { PeerCarrier } from './peer-carrier.ts';

/** What everything between members stands on. */
export interface PeerGround {
  readonly self: MemberId;
  /** What all members share; nobody is asked for it without. */
  readonly secret: Buffer | undefined;
  readonly carrier: PeerCarrier;
  /** How long a connection may take until both sides know each other. */
  readonly connectTimeoutMs: number;
  readonly logger: Logger;
  /** Where to say what others did wrong. */
  readonly complaints: SparingLog;
}

/** What this member knows before a greeting. */
export function termsOf({ self, secret }: PeerGround, purpose: Purpose, binding: Buffer): GreetingTerms {
  return { self, purpose, secret, binding, nonce: randomBytes(nonceBytes) };
}
