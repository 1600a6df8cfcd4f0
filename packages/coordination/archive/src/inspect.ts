import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodedError, messageOf } from '@reeve/base';
import {
  contentsOf,
  type Epochs,
  epochsFile,
  installIn,
  JournalError,
  nodeDisk,
  type Recovered,
  readEpochs,
  type SegmentEnd,
  SegmentReader,
  SnapshotReader,
} from '@reeve/journal';
import { decodeTxn, SnapshotLoader, Tree } from '@reeve/tree';
import { Reader, type SessionId } from '@reeve/wire';
import { ArchiveError, isSystemError } from './archive-error.ts';
import { backupHeadBytes, readBackupHead } from './backup-format.ts';
import { readBackup } from './backup-reader.ts';
import { type DataPlace, loadState, namesIn, rehearse, requireDataDirectory } from './data-directory.ts';
import { type ZnodeFacts, znodeFacts } from './tree-facts.ts';
import { type DataDisplay, type TxnFacts, touches, txnFacts } from './txn-facts.ts';

/** What to show. */
export interface InspectFilter {
  /** Only what touches this znode or anything below it. */
  readonly path: string;
  readonly fromZxid: number;
  readonly untilZxid: number;
  readonly session: SessionId | undefined;
  readonly display: DataDisplay;
}

/** One thing that an inspection finds, in the order of the files. */
export type InspectItem =
  /**
   * A file, before what is in it. `from` and `until` are its first and last zxid. An `install` is a whole snapshot from
   * the leader that a start has yet to put in the place of everything else.
   */
  | {
      readonly kind: 'file';
      readonly type: 'log' | 'snapshot' | 'install' | 'backup';
      readonly file: string;
      readonly bytes: number;
      readonly zxid?: number;
      readonly lastZxidSeen?: number;
      readonly fromZxid?: number;
      readonly untilZxid?: number;
      readonly txns?: number;
      readonly znodes?: number;
      readonly sessions?: number;
      readonly madeMs?: number;
      /** Bytes of a write that did not get through, at the end. */
      readonly tornBytes?: number;
    }
  /** What a member of an ensemble has promised, and whose history it has. */
  | ({ readonly kind: 'epochs'; readonly file: string } & Epochs)
  | ({ readonly kind: 'txn' } & { readonly txn: TxnFacts })
  | ({ readonly kind: 'znode' } & { readonly znode: ZnodeFacts })
  | { readonly kind: 'session'; readonly session: SessionId; readonly timeoutMs: number }
  /** Something that no crash explains. */
  | { readonly kind: 'damage'; readonly file: string; readonly offset?: number; readonly what: string }
  /** What a start would do with the directory: serve, or refuse. */
  | ({ readonly kind: 'start'; readonly verdict: 'serves' } & Recovered)
  | { readonly kind: 'start'; readonly verdict: 'refuses'; readonly code: string; readonly message: string };

/**
 * Shows the files of a data directory and the transactions in them, and what a start would do with it. A coordinator may
 * be at work there. Damage is an item, not an error.
 *
 * @throws ArchiveError
 */
export async function* inspectDirectory(place: DataPlace, filter: InspectFilter): AsyncGenerator<InspectItem> {
  await requireDataDirectory(place);
  const names = await namesIn(place.dataDirectory);
  const { snapshots, segments } = contentsOf(names, await namesIn(place.logDirectory));
  yield* inspectEpochs(place.dataDirectory);
  const type = installIn(names) === undefined ? 'snapshot' : 'install';
  for (const { name } of snapshots.toReversed()) yield* inspectSnapshot(join(place.dataDirectory, name), type);
  for (const { name } of segments) yield* inspectLog(join(place.logDirectory, name), filter);
  yield await startOf(place);
}

/**
 * Shows one log file, snapshot or backup.
 *
 * @throws ArchiveError `file_unrecognised`, `file_unreadable`
 */
export async function* inspectFile(file: string, filter: InspectFilter): AsyncGenerator<InspectItem> {
  const type = typeOf(file, await firstBytes(file));
  if (type === 'snapshot') yield* inspectSnapshot(file, type);
  else if (type === 'log') yield* inspectLog(file, filter);
  else yield* inspectBackup(file);
}

/** What a file is, by its first bytes; a log may have lost them. */
function typeOf(file: string, head: Buffer): 'snapshot' | 'log' | 'backup' {
  const magic = head.toString('latin1', 0, 8);
  if (magic === 'ReeveSnp') return 'snapshot';
  if (magic === 'ReeveLog' || /^log\.[0-9a-f]+$/.test(basename(file))) return 'log';
  if (readBackupHead(head) !== 'no_backup') return 'backup';
  throw new ArchiveError({ code: 'file_unrecognised', file });
}

/**
 * Shows the state that a data directory held at a zxid: sessions, then znodes.
 *
 * @throws ArchiveError, JournalError
 */
export async function* inspectTree(place: DataPlace, filter: InspectFilter): AsyncGenerator<InspectItem> {
  const { tree } = await loadState(place, filter.untilZxid);
  yield* stateOf(tree, filter);
}

/** Shows the state that a backup or a snapshot holds. @throws ArchiveError, JournalError */
export async function* inspectFileTree(file: string, filter: InspectFilter): AsyncGenerator<InspectItem> {
  const type = typeOf(file, await firstBytes(file));
  if (type === 'log') throw new ArchiveError({ code: 'no_state', file });
  const tree = type === 'backup' ? (await readBackup(file)).tree : await snapshotTree(file);
  yield* stateOf(tree, filter);
}

async function snapshotTree(file: string): Promise<Tree> {
  const tree = new Tree();
  const loader = new SnapshotLoader(tree);
  for await (const slice of new SnapshotReader(nodeDisk, file).slices()) loader.take(slice);
  loader.finish();
  return tree;
}

function* stateOf(tree: Tree, { path, display }: InspectFilter): Generator<InspectItem> {
  for (const [session, timeoutMs] of tree.sessions) yield { kind: 'session', session, timeoutMs };
  for (const znode of znodeFacts(tree, path, display)) yield { kind: 'znode', znode };
}

function* inspectEpochs(directory: string): Generator<InspectItem> {
  const file = join(directory, epochsFile);
  try {
    const epochs = readEpochs(directory);
    if (epochs !== undefined) yield { kind: 'epochs', file, ...epochs };
  } catch (error) {
    yield damageOf(file, error);
  }
}

async function* inspectSnapshot(file: string, type: 'snapshot' | 'install'): AsyncGenerator<InspectItem> {
  try {
    yield { kind: 'file', type, file, ...(await new SnapshotReader(nodeDisk, file).check()) };
  } catch (error) {
    yield damageOf(file, error);
  }
}

async function* inspectBackup(file: string): AsyncGenerator<InspectItem> {
  try {
    const { facts, bytes } = await readBackup(file);
    yield { kind: 'file', type: 'backup', file, bytes, ...facts };
  } catch (error) {
    yield damageOf(file, error);
  }
}

async function* inspectLog(file: string, filter: InspectFilter): AsyncGenerator<InspectItem> {
  const segment = await openSegment(file);
  if (!(segment instanceof SegmentReader)) return yield segment;
  const { item, damage } = survey(file, segment);
  yield item;
  try {
    yield* txnsOf(segment, filter);
  } catch (error) {
    // Said below, behind what is good of the file.
    if (damage === undefined) throw error;
  }
  if (damage !== undefined) yield damage;
}

async function openSegment(file: string): Promise<SegmentReader | InspectItem> {
  try {
    return await SegmentReader.open(nodeDisk, dirname(file), basename(file));
  } catch (error) {
    return damageOf(file, error);
  }
}

/** What can be said of a log file before its transactions are shown. */
function survey(file: string, segment: SegmentReader): { item: InspectItem; damage?: InspectItem } {
  let fromZxid: number | undefined;
  let untilZxid: number | undefined;
  let txns = 0;
  let bytes = 0;
  const factsOf = (end: Partial<SegmentEnd>) => {
    const range = fromZxid === undefined || untilZxid === undefined ? {} : { fromZxid, untilZxid };
    const torn = end.tornBytes ? { tornBytes: end.tornBytes } : {};
    return { kind: 'file', type: 'log', file, bytes: end.goodBytes ?? bytes, ...range, txns, ...torn } as const;
  };
  try {
    const batches = segment.batches();
    for (let next = batches.next(); ; next = batches.next()) {
      if (next.done === true) return { item: factsOf(next.value) };
      fromZxid ??= next.value.entries[0]?.zxid;
      untilZxid = next.value.entries.at(-1)?.zxid;
      txns += next.value.entries.length;
      bytes = next.value.offset;
    }
  } catch (error) {
    return { item: factsOf({}), damage: damageOf(file, error) };
  }
}

function* txnsOf(segment: SegmentReader, filter: InspectFilter): Generator<InspectItem> {
  const reader = new Reader();
  for (const { entries } of segment.batches()) {
    for (const { zxid, payload } of entries) {
      if (zxid < filter.fromZxid || zxid > filter.untilZxid) continue;
      const txn = txnFacts(zxid, decodeTxn(reader.reset(payload)), filter.display);
      if (filter.session !== undefined && txn.session !== filter.session) continue;
      if (filter.path === '/' || touches(txn, filter.path)) yield { kind: 'txn', txn };
    }
  }
}

function damageOf(file: string, error: unknown): InspectItem {
  if (!(error instanceof CodedError) && !isSystemError(error)) throw error;
  if (error instanceof JournalError && error.facts.code === 'log_corrupt') {
    return { kind: 'damage', file, offset: error.facts.offset, what: error.facts.what };
  }
  if (error instanceof JournalError && 'what' in error.facts) return { kind: 'damage', file, what: error.facts.what };
  return { kind: 'damage', file, what: messageOf(error) };
}

async function startOf(place: DataPlace): Promise<InspectItem> {
  try {
    readEpochs(place.dataDirectory);
    return { kind: 'start', verdict: 'serves', ...(await rehearse(place)) };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { kind: 'start', verdict: 'refuses', code: error.code, message: error.message };
  }
}

async function firstBytes(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(backupHeadBytes), 0, backupHeadBytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new ArchiveError({ code: 'file_unreadable', file: path, reason: messageOf(error) }, { cause: error });
  }
}
