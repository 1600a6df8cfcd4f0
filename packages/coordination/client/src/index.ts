/** A client of any ZooKeeper-protocol service: sessions that survive reconnects, typed watches, coded errors. */
export * from './client-error.ts';
export * from './coordination.ts';
