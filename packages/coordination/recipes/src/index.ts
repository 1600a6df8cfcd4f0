// Locks, elections, caches and other recipes on the client.
export {};
