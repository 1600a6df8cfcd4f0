import { readFile, stat } from 'node:fs/promises';
import { type Logger, messageOf } from '@reeve/base';
import { SecurityError } from '../security/security-error.ts';

const bytesMin = 16;
const readableByOthers = 0o077;
const setting = 'reeve.ensembleSecretFile';

/**
 * Reads what all members share. A line's end behind it does not belong to it.
 *
 * @throws SecurityError
 */
export async function readEnsembleSecret(file: string, logger: Logger): Promise<Buffer> {
  const secret = await contents(file);
  if (secret.length < bytesMin) {
    const reason = `must hold at least ${bytesMin} bytes that nobody can guess: make it with "openssl rand -hex 32"`;
    throw new SecurityError({ code: 'ensemble_secret_unusable', setting, file, reason });
  }
  const { mode } = await stat(file);
  if ((mode & readableByOthers) !== 0) {
    logger.warn({ file }, `others may read the ensemble secret: "chmod 600 ${file}" keeps it to its owner`);
  }
  return secret;
}

async function contents(file: string): Promise<Buffer> {
  try {
    const bytes = await readFile(file);
    return Buffer.from(bytes.toString('latin1').replace(/[\r\n]+$/, ''), 'latin1');
  } catch (error) {
    const reason = `${messageOf(error)}: all members need the same file; make it with "openssl rand -hex 32", readable for this user`;
    const facts = { code: 'security_file_unreadable', setting, file, reason } as const;
    throw new SecurityError(facts, { cause: error });
  }
}
