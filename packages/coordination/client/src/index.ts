/** A client of any ZooKeeper-protocol service: sessions that survive reconnects, typed watches, coded errors. */
export * from './client.ts';
export { ClientError, type ClientErrorCode, type ClientFacts, type Outcome } from './client-error.ts';
export { type AuthInfo, type ClientOptions, type ClientTls, monotonicClock } from './client-options.ts';
export * from './coordination.ts';
export { isFinal, nextState, type SessionEvent, type SessionState } from './session-state.ts';
