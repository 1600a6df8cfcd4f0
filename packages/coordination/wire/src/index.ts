/** The ZooKeeper client protocol as data: one row per operation, codecs, frames, error numbers, legal paths. */
export * from './connect.ts';
export {
  isUsualExchange,
  type Md5,
  type SaslProof,
  saslAnswer,
  saslChallenge,
  saslDirectives,
  saslProof,
  saslRealm,
  saslUri,
} from './digest-md5.ts';
export * from './error-codes.ts';
export * from './frame.ts';
export * from './jute.ts';
export { type ReplyHeader, replyHeader, requestHeader, specialXids } from './messages.ts';
export type { MultiPart, MultiReadPart, MultiResult } from './multi.ts';
export * from './ops.ts';
export * from './path.ts';
export * from './reader.ts';
export * from './records.ts';
export * from './session-id.ts';
export { type Octets, Span } from './span.ts';
export { span } from './span-codec.ts';
export * from './watch-event.ts';
export * from './wire-error.ts';
export * from './writer.ts';
