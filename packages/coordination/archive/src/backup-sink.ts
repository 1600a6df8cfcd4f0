import { once } from 'node:events';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { messageOf } from '@reeve/base';
import { nodeDisk } from '@reeve/journal';
import { ArchiveError, isSystemError } from './archive-error.ts';

const bufferedBytesMax = 1024 * 1024;

/** Where a backup goes, piece by piece. */
export interface BackupSink {
  write(bytes: Buffer): Promise<void>;
}

/** Fills a file by `work`; it is there under its name, whole and on disk, or not at all. */
export async function intoFile<T>(file: string, work: (sink: BackupSink) => Promise<T>): Promise<T> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const result = await filled(temporary, work);
    await rename(temporary, file);
    await nodeDisk.syncDirectory(dirname(file));
    return result;
  } catch (error) {
    await rm(temporary, { force: true });
    if (!isSystemError(error)) throw error;
    throw new ArchiveError({ code: 'file_unwritable', file, reason: messageOf(error) }, { cause: error });
  }
}

// Readable by its owner alone: it holds what the access lists protect, and the secret of the sessions.
async function filled<T>(file: string, work: (sink: BackupSink) => Promise<T>): Promise<T> {
  const handle = await open(file, 'w', 0o600);
  try {
    const sink = new FileSink(handle);
    const result = await work(sink);
    await sink.flush();
    await handle.sync();
    return result;
  } finally {
    await handle.close();
  }
}

class FileSink implements BackupSink {
  readonly #handle: FileHandle;
  #waiting: Buffer[] = [];
  #bytes = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Buffer): Promise<void> {
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= bufferedBytesMax) await this.flush();
  }

  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting, this.#bytes);
    this.#waiting = [];
    this.#bytes = 0;
    if (bytes.length > 0) await this.#handle.writeFile(bytes);
  }
}

/** A stream, such as standard output, and what says that nobody reads it any more. */
export interface BackupStream {
  readonly stream: Writable;
  readonly signal: AbortSignal;
}

/** Writes to a stream no faster than it is read. */
export function intoStream({ stream, signal }: BackupStream): BackupSink {
  return {
    async write(bytes) {
      signal.throwIfAborted();
      if (!stream.write(bytes)) await once(stream, 'drain', { signal });
    },
  };
}
