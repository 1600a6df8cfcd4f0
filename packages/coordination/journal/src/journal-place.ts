import type { Logger } from '@reeve/base';
import type { Disk } from './disk.ts';

/** Where a journal lies. */
export interface JournalPlace {
  readonly disk: Disk;
  /** Holds the snapshots. */
  readonly dataDirectory: string;
  /** Holds the log. */
  readonly logDirectory: string;
  readonly logger: Logger;
}
