import type { Sabotage } from '../sabotage.ts';
import {
  answersItsOwnPings,
  clockRunsAhead,
  commitsAlone,
  establishesAlone,
  keepsEphemerals,
  keepsItsOwnSecret,
} from './agreement.ts';
import {
  acknowledgesBeforeFsync,
  epochBeforeLog,
  forgetsEpochs,
  keepsSnapshotsInMemory,
  losesSyncedEntries,
  skipsTruncation,
} from './durability.ts';

/** The broken variants, by name; each is made anew for each run. The checkers must catch every one of them. */
export const variants: ReadonlyMap<string, () => Sabotage> = new Map([
  ['forgets-epochs', forgetsEpochs],
  ['acknowledges-before-fsync', acknowledgesBeforeFsync],
  ['epoch-before-log', epochBeforeLog],
  ['loses-synced-entries', losesSyncedEntries],
  ['skips-truncation', skipsTruncation],
  ['keeps-snapshots-in-memory', keepsSnapshotsInMemory],
  ['commits-alone', commitsAlone],
  ['establishes-alone', establishesAlone],
  ['answers-its-own-pings', answersItsOwnPings],
  ['keeps-ephemerals', keepsEphemerals],
  ['keeps-its-own-secret', keepsItsOwnSecret],
  ['clock-runs-ahead', clockRunsAhead],
]);
