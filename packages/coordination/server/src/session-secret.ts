import { createHmac, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf } from '@reeve/base';
import { JournalError, sessionSecretFile } from '@reeve/journal';
import { type SessionId, sessionIdOf } from '@reeve/wire';

const secretBytes = 32;
const passwordBytes = 16;

/**
 * The key from which the passwords of sessions are made, so that a session outlives a restart although no password is
 * stored. Made at the first start; readable by the owner of the directory alone.
 */
export async function sessionSecret(directory: string): Promise<Buffer> {
  const path = join(directory, sessionSecretFile);
  try {
    return (await knownSecret(path)) ?? (await freshSecret(path));
  } catch (error) {
    throw new JournalError({ code: 'directory_unusable', directory, reason: messageOf(error) }, { cause: error });
  }
}

async function knownSecret(path: string): Promise<Buffer | undefined> {
  try {
    const known = await readFile(path);
    return known.length === secretBytes ? known : undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function freshSecret(path: string): Promise<Buffer> {
  const fresh = randomBytes(secretBytes);
  await writeDurably(path, fresh);
  return fresh;
}

async function writeDurably(path: string, bytes: Buffer): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/** Keeps what a leader says the key is: on disk when this returns. Other members open the same sessions by it. */
export function replaceSessionSecret(directory: string, secret: Buffer): void {
  const path = join(directory, sessionSecretFile);
  const fd = openSync(`${path}.tmp`, 'w', 0o600);
  try {
    writeFileSync(fd, secret);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.tmp`, path);
}

/** The password of a session: the same for the same id, and not to be guessed without the secret. */
export function sessionPassword(secret: Buffer, session: SessionId): Buffer {
  return createHmac('sha256', secret).update(session).digest().subarray(0, passwordBytes);
}

/**
 * An id that no session had before: made of the time and, in the top byte, of the member that opens it, as ZooKeeper's
 * are. There is room for 65536 sessions a millisecond. One alone is member 0.
 */
export function firstSessionId(nowMs: number, member: number): SessionId {
  const high = (Math.floor(nowMs / 0x10000) % 0x1000000) + (member % 0x100) * 0x1000000;
  const low = (nowMs % 0x10000) * 0x10000;
  return sessionIdOf(high, low);
}
