// The znode tree: prepare, apply, read, snapshot.
export {};
