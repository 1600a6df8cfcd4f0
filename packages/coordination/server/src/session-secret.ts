import { createHmac, randomBytes } from 'node:crypto';
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

/** The password of a session: the same for the same id, and not to be guessed without the secret. */
export function sessionPassword(secret: Buffer, session: SessionId): Buffer {
  return createHmac('sha256', secret).update(session).digest().subarray(0, passwordBytes);
}

/** An id that no session had before: made of the time, as ZooKeeper's are, with room for 65536 sessions a millisecond. */
export function firstSessionId(nowMs: number): SessionId {
  const high = Math.floor(nowMs / 0x10000) % 0x1000000;
  const low = (nowMs % 0x10000) * 0x10000;
  return sessionIdOf(high, low);
}
