import { createReadStream } from 'node:fs';
import { aclList, Reader, ustring, vector } from '@reeve/wire';
import { ArchiveError } from '../archive-error.ts';
import { ByteStream } from '../byte-stream.ts';
import { adler32 } from './adler32.ts';
import type { ZnodeOrigin } from './lifetimes.ts';

/** `ZKLG`. */
const magic = 0x5a4b4c47;
const headBytes = 16;
const chunkBytes = 1024 * 1024;
/** What stands before the bytes of a record (checksum and length), and behind them. */
const recordHeadBytes = 12;
const recordEndBytes = 1;

/** What a transaction of ZooKeeper's log does to which znodes are there. */
type ZnodeChange =
  | { readonly kind: 'created'; readonly path: string; readonly origin: ZnodeOrigin }
  | { readonly kind: 'deleted'; readonly path: string };

/** One transaction of ZooKeeper's log. */
export interface LoggedChanges {
  readonly zxid: number;
  readonly changes: readonly ZnodeChange[];
}

/**
 * Reads one of ZooKeeper's log files (FileTxnLog) up to its last whole record; behind that, a file that is being written
 * holds zeros, or half a record.
 *
 * @throws ArchiveError `zookeeper_data_damaged` when it is no log
 */
export async function* readLogFile(file: string): AsyncGenerator<LoggedChanges> {
  const stream = new ByteStream(createReadStream(file, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>);
  try {
    const head = await stream.take(headBytes);
    if (head === undefined) return;
    if (head.readInt32BE(0) !== magic) {
      throw new ArchiveError({ code: 'zookeeper_data_damaged', file, offset: 0, what: 'it does not begin as a log' });
    }
    for (let record = await nextRecord(stream); record !== undefined; record = await nextRecord(stream)) {
      yield readTxn(record);
    }
  } finally {
    await stream.close();
  }
}

async function nextRecord(stream: ByteStream): Promise<Buffer | undefined> {
  const head = await stream.take(recordHeadBytes);
  if (head === undefined) return undefined;
  const checksum = head.readUInt32BE(4);
  const length = head.readInt32BE(8);
  if (length <= 0) return undefined;
  const record = await stream.take(length + recordEndBytes);
  if (record === undefined) return undefined;
  const bytes = record.subarray(0, length);
  return adler32(bytes) === checksum ? bytes : undefined;
}

/** ZooDefs.OpCode, where it makes or ends znodes. */
const types = {
  create: 1,
  delete: 2,
  multi: 14,
  create2: 15,
  createContainer: 19,
  deleteContainer: 20,
  createTtl: 21,
  closeSession: -11,
} as const;

function readTxn(bytes: Buffer): LoggedChanges {
  const reader = new Reader().reset(bytes);
  // The session and its own number of the request.
  reader.raw(12);
  const zxid = reader.long();
  reader.long();
  const type = reader.int();
  return { zxid, changes: type === types.multi ? readMulti(reader, zxid) : readChanges(reader, type, zxid) };
}

function readMulti(reader: Reader, zxid: number): readonly ZnodeChange[] {
  const count = reader.count(8);
  const changes: ZnodeChange[] = [];
  for (let i = 0; i < count; i += 1) {
    const type = reader.int();
    const part = reader.buffer();
    if (part !== null) changes.push(...readChanges(new Reader().reset(part), type, zxid));
  }
  return changes;
}

function readChanges(reader: Reader, type: number, zxid: number): readonly ZnodeChange[] {
  switch (type) {
    case types.create:
    case types.create2: {
      const path = readCreated(reader);
      return [{ kind: 'created', path, origin: { czxid: zxid, ...(reader.bool() ? ephemeral : persistent) } }];
    }
    case types.createContainer:
      return [{ kind: 'created', path: readCreated(reader), origin: { czxid: zxid, ...container } }];
    case types.createTtl: {
      const path = readCreated(reader);
      // The parent's count of creates.
      reader.int();
      return [{ kind: 'created', path, origin: { czxid: zxid, lifetime: 'ttl', ttlMs: reader.long() } }];
    }
    case types.delete:
    case types.deleteContainer:
      return [{ kind: 'deleted', path: reader.string() }];
    case types.closeSession:
      return readClose(reader);
    default:
      return [];
  }
}

const persistent = { lifetime: 'persistent', ttlMs: 0 } as const;
const ephemeral = { lifetime: 'ephemeral', ttlMs: 0 } as const;
const container = { lifetime: 'container', ttlMs: 0 } as const;
const paths = vector(ustring);

/** What the transactions that create have in common: path, data, access list. */
function readCreated(reader: Reader): string {
  const path = reader.string();
  reader.buffer();
  aclList.decode(reader);
  return path;
}

/** Before 3.6 the ephemerals of a session that ended were not named. */
function readClose(reader: Reader): readonly ZnodeChange[] {
  if (reader.remaining < paths.bytesMin) return [];
  return paths.decode(reader).map((path) => ({ kind: 'deleted', path }));
}
