import { closeSync, constants, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { codeOf, invariant } from '@reeve/base';
import { epochsFile } from './file-names.ts';
import { JournalError } from './journal-error.ts';

const version = 1;
const pattern = /^(reeve epochs 1\nacceptedEpoch=(\d{1,16})\ncurrentEpoch=(\d{1,16})\n)crc32=([0-9a-f]{8})\n$/;

/** What a member of an ensemble must not forget, named as in ZooKeeper's files. */
export interface Epochs {
  /** The newest epoch that a leader was promised: none before it is followed any more. */
  readonly acceptedEpoch: number;
  /** The epoch of the leader whose history this member has taken over; never beyond the accepted one. */
  readonly currentEpoch: number;
}

/** What the epochs need of a disk: nothing may happen before they are on it, so each call returns when it is done. */
export interface EpochDisk {
  /** A file's text; `undefined` when there is none. */
  read(path: string): string | undefined;
  /** Makes or replaces a file; returns when all of it is on disk. */
  write(path: string, text: string): void;
  rename(from: string, to: string): void;
  /** Returns when the names made in `directory` are on disk. */
  syncDirectory(directory: string): void;
}

/** The real disk. */
export const nodeEpochDisk: EpochDisk = {
  read(path) {
    try {
      return readFileSync(path, 'latin1');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  },
  write: (path, text) =>
    withDescriptor(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, (fd) => {
      writeFileSync(fd, text);
      fsyncSync(fd);
    }),
  rename: renameSync,
  syncDirectory: (directory) => withDescriptor(directory, constants.O_RDONLY, fsyncSync),
};

function withDescriptor(path: string, flags: number, use: (fd: number) => void): void {
  const fd = openSync(path, flags, 0o600);
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * The epochs that a member wrote last; `undefined` where none ever did.
 *
 * @throws JournalError `epochs_corrupt`, `format_unknown`: to guess could mean to vote twice in one epoch
 */
export function readEpochs(dataDirectory: string, disk: EpochDisk = nodeEpochDisk): Epochs | undefined {
  const file = join(dataDirectory, epochsFile);
  const text = disk.read(file);
  return text === undefined ? undefined : parse(file, text);
}

/** Replaces the epochs; they are on disk when it returns, and when it throws either the old ones are or these. */
export function writeEpochs(dataDirectory: string, epochs: Epochs, disk: EpochDisk = nodeEpochDisk): void {
  const { acceptedEpoch, currentEpoch } = epochs;
  const areEpochs = [acceptedEpoch, currentEpoch].every((epoch) => Number.isSafeInteger(epoch) && epoch >= 0);
  invariant(areEpochs && currentEpoch <= acceptedEpoch, `epochs ${acceptedEpoch} and ${currentEpoch}`);
  const file = join(dataDirectory, epochsFile);
  disk.write(`${file}.tmp`, textOf(epochs));
  disk.rename(`${file}.tmp`, file);
  disk.syncDirectory(dataDirectory);
}

function textOf({ acceptedEpoch, currentEpoch }: Epochs): string {
  const body = `reeve epochs ${version}\nacceptedEpoch=${acceptedEpoch}\ncurrentEpoch=${currentEpoch}\n`;
  return `${body}crc32=${checksum(body)}\n`;
}

function parse(file: string, text: string): Epochs {
  const found = Number(/^reeve epochs (\d{1,9})\n/.exec(text)?.[1] ?? version);
  if (found !== version) throw new JournalError({ code: 'format_unknown', file, version: found, readable: version });
  const parts = pattern.exec(text);
  if (parts === null)
    throw new JournalError({ code: 'epochs_corrupt', file, what: 'it is not made of its four lines' });
  const [, body = '', acceptedEpoch, currentEpoch, crc] = parts;
  if (checksum(body) !== crc)
    throw new JournalError({ code: 'epochs_corrupt', file, what: 'its checksum does not match' });
  return { acceptedEpoch: Number(acceptedEpoch), currentEpoch: Number(currentEpoch) };
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}
