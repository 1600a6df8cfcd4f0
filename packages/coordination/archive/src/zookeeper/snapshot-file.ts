import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { codeOf, messageOf } from '@reeve/base';
import { aclList, type Reader } from '@reeve/wire';
import { ArchiveError } from '../archive-error.ts';
import { ByteStream } from '../byte-stream.ts';
import { adler32 } from './adler32.ts';
import { readOwner, type ZnodeOrigin } from './lifetimes.ts';

/** `ZKSN`. */
const magic = 0x5a4b534e;
const version = 2;
const chunkBytes = 1024 * 1024;

/**
 * Reads the znodes of one of ZooKeeper's snapshots (FileSnap): head, sessions, access lists, znodes up to the path `/`,
 * checksum.
 *
 * @throws ArchiveError `zookeeper_data_damaged`, also for one that is still being written; `format_unknown`
 */
export async function readSnapshotFile(file: string): Promise<Map<string, ZnodeOrigin>> {
  if (file.endsWith('.snappy')) {
    const what = 'snappy compression (snapshot.compression.method)';
    throw new ArchiveError({ code: 'format_unknown', file, what });
  }
  const raw = createReadStream(file, { highWaterMark: chunkBytes });
  const chunks = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  const stream = new ByteStream(chunks as AsyncIterable<Buffer>);
  try {
    return await new SnapshotFile(file, stream).read();
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    const what = codeOf(error) === undefined ? messageOf(error) : `it cannot be read: ${messageOf(error)}`;
    throw new ArchiveError({ code: 'zookeeper_data_damaged', file, offset: stream.offset, what }, { cause: error });
  } finally {
    raw.destroy();
    await stream.close();
  }
}

class SnapshotFile {
  readonly #file: string;
  readonly #stream: ByteStream;
  #checksum = 1;

  constructor(file: string, stream: ByteStream) {
    this.#file = file;
    this.#stream = stream;
  }

  async read(): Promise<Map<string, ZnodeOrigin>> {
    const head = await this.#next((reader) => ({ magic: reader.int(), version: reader.int(), id: reader.long() }));
    if (head.magic !== magic) this.#damaged('it does not begin as a snapshot');
    if (head.version !== version) {
      throw new ArchiveError({ code: 'format_unknown', file: this.#file, what: `version ${head.version}` });
    }
    await this.#each((reader) => reader.raw(SESSION_BYTES));
    await this.#each((reader) => [reader.long(), aclList.decode(reader)]);
    const znodes = await this.#znodes();
    const expected = this.#checksum;
    const checksum = await this.#next((reader) => reader.long());
    if (checksum !== expected) this.#damaged('its checksum does not match');
    return znodes;
  }

  async #znodes(): Promise<Map<string, ZnodeOrigin>> {
    const znodes = new Map<string, ZnodeOrigin>();
    for (;;) {
      const next = await this.#next(readZnode);
      if (next === 'end') return znodes;
      znodes.set(next.path, next.origin);
    }
  }

  async #each(decode: (reader: Reader) => unknown): Promise<void> {
    const count = await this.#next((reader) => reader.int());
    for (let i = 0; i < count; i += 1) await this.#next(decode);
  }

  async #next<T>(decode: (reader: Reader) => T): Promise<T> {
    const found = await this.#stream.decode(decode);
    if (found === undefined) return this.#damaged('it ends there, before its end');
    this.#checksum = adler32(found.bytes, this.#checksum);
    return found.value;
  }

  #damaged(what: string): never {
    throw new ArchiveError({ code: 'zookeeper_data_damaged', file: this.#file, offset: this.#stream.offset, what });
  }
}

/** A session's id and time-out. */
const SESSION_BYTES = 12;
/** The modified zxid, both times and the three versions, which a client learns from the znode itself. */
const STAT_MIDDLE_BYTES = 36;

/** The root stands there as the empty path. */
function readZnode(reader: Reader): 'end' | { readonly path: string; readonly origin: ZnodeOrigin } {
  const path = reader.string();
  if (path === '/') return 'end';
  reader.buffer();
  reader.long();
  const czxid = reader.long();
  reader.raw(STAT_MIDDLE_BYTES);
  const owner = readOwner(reader);
  reader.long();
  return { path: path === '' ? '/' : path, origin: { czxid, ...owner } };
}
