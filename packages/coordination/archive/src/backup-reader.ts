import { createReadStream } from 'node:fs';
import { stdin } from 'node:process';
import { crc32 } from 'node:zlib';
import { messageOf } from '@reeve/base';
import { SnapshotLoader, Tree } from '@reeve/tree';
import { ArchiveError } from './archive-error.ts';
import {
  type BackupFacts,
  backupHeadBytes,
  readBackupHead,
  readSectionHead,
  type SectionKind,
  sectionHeadBytes,
} from './backup-format.ts';
import { ByteStream } from './byte-stream.ts';

const chunkBytes = 1024 * 1024;

/** A backup, read and checked to its last byte. */
export interface ReadBackup {
  readonly facts: BackupFacts;
  readonly tree: Tree;
  /** From which the passwords of the sessions are made; none where there never was one. */
  readonly secret: Buffer | undefined;
  readonly bytes: number;
}

/**
 * Reads a backup whole (`-`: standard input), checks every byte of it and loads what it holds.
 *
 * @throws ArchiveError `backup_damaged`, `format_unknown`, `file_unrecognised`, `file_unreadable`
 */
export async function readBackup(file: string): Promise<ReadBackup> {
  const chunks = file === '-' ? stdin : createReadStream(file, { highWaterMark: chunkBytes });
  const stream = new ByteStream(chunks as AsyncIterable<Buffer>);
  try {
    return await new BackupReader(file, stream).read();
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw new ArchiveError({ code: 'file_unreadable', file, reason: messageOf(error) }, { cause: error });
  } finally {
    await stream.close();
  }
}

interface Section {
  readonly kind: SectionKind;
  readonly bytes: Buffer;
}

class BackupReader {
  readonly #file: string;
  readonly #stream: ByteStream;
  readonly #tree = new Tree();
  readonly #loader = new SnapshotLoader(this.#tree);
  #facts: BackupFacts | undefined;
  #secret: Buffer | undefined;
  #sections = 0;

  constructor(file: string, stream: ByteStream) {
    this.#file = file;
    this.#stream = stream;
  }

  async read(): Promise<ReadBackup> {
    await this.#head();
    for (;;) {
      const section = await this.#section();
      if (section.kind === 'end') return this.#finish(section.bytes);
      this.#take(section);
      this.#sections += 1;
    }
  }

  async #head(): Promise<void> {
    const head = await this.#stream.take(backupHeadBytes);
    const standing = head === undefined ? 'no_backup' : readBackupHead(head);
    if (standing === 'no_backup') throw new ArchiveError({ code: 'file_unrecognised', file: this.#file });
    if (standing === 'known') return;
    throw new ArchiveError({ code: 'format_unknown', file: this.#file, what: 'another format of backup' });
  }

  async #section(): Promise<Section> {
    const { offset } = this.#stream;
    const bytes = await this.#stream.take(sectionHeadBytes);
    if (bytes === undefined) return this.#damaged(offset, 'it ends there, before its end');
    const head = readSectionHead(bytes);
    if (head === undefined) return this.#damaged(offset, 'the head of a section is broken');
    const body = await this.#stream.take(head.length);
    if (body === undefined) return this.#damaged(offset, 'it ends in the middle of that section');
    if (crc32(body) !== head.crc) this.#damaged(offset, 'the checksum of that section does not match');
    return { kind: head.kind, bytes: body };
  }

  #take({ kind, bytes }: Section): void {
    if (kind === 'facts') this.#facts = JSON.parse(bytes.toString('utf8')) as BackupFacts;
    else if (kind === 'secret') this.#secret = Buffer.from(bytes);
    else this.#loader.take(bytes);
  }

  async #finish(end: Buffer): Promise<ReadBackup> {
    const { offset } = this.#stream;
    if (end.length !== 4 || end.readUInt32BE(0) !== this.#sections) this.#damaged(offset, 'sections are missing');
    if ((await this.#stream.take(1)) !== undefined) this.#damaged(offset, 'something follows its end');
    this.#loader.finish();
    const facts = this.#facts;
    if (facts === undefined || !isOf(facts, this.#tree)) {
      return this.#damaged(offset, 'it does not hold what it says at its beginning');
    }
    return { facts, tree: this.#tree, secret: this.#secret, bytes: offset };
  }

  #damaged(offset: number, what: string): never {
    throw new ArchiveError({ code: 'backup_damaged', file: this.#file, offset, what });
  }
}

function isOf({ zxid, znodes, sessions }: BackupFacts, tree: Tree): boolean {
  return tree.lastZxid === zxid && tree.size === znodes && tree.sessions.size === sessions;
}
