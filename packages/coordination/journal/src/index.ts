// The transaction log and snapshots on disk.
export {};
