/** Who keeps figures of the disk. Told by batch and by snapshot, not by entry. */
export interface JournalObserver {
  /** A batch of so many entries is on disk; how long it took from its write on, milliseconds. */
  synced(entries: number, tookMs: number): void;
  /** A snapshot is on disk; how long making and writing it took, milliseconds. */
  snapshotTaken(tookMs: number): void;
  /** A snapshot could not be taken. */
  snapshotFailed(): void;
}
