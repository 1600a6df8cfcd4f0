import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { messageOf } from '@reeve/base';
import type { SaslOptions } from '@reeve/replica';
import { type LoginModule, parseJaas } from './jaas.ts';
import type { IdentityConfig, JaasConfig } from './security-config.ts';
import { SecurityError } from './security-error.ts';

const userPrefix = 'user_';
const nonceBytes = 30;

/**
 * How clients prove names by SASL: with the passwords that a JAAS file holds.
 *
 * @throws SecurityError
 */
export async function saslServer({ jaas, ...config }: IdentityConfig): Promise<SaslOptions | undefined> {
  if (jaas === undefined) return undefined;
  const passwords = await passwordsIn(jaas);
  return {
    md5: (bytes) => createHash('md5').update(bytes).digest(),
    nonce: () => randomBytes(nonceBytes).toString('base64'),
    passwordOf: (user) => passwords.get(user),
    superUsers: config.saslSuperUsers,
    failed: config.saslFailed,
  };
}

async function passwordsIn(jaas: JaasConfig): Promise<ReadonlyMap<string, string>> {
  const passwords = new Map<string, string>();
  for (const { options } of await digestModules(jaas)) {
    for (const [name, value] of options) {
      if (name.startsWith(userPrefix)) passwords.set(name.slice(userPrefix.length), value);
    }
  }
  if (passwords.size === 0) throw unusable(jaas, `its section ${jaas.section} names no user: add user_NAME="PASSWORD"`);
  // As in ZooKeeper, the user must be there to have another password.
  if (jaas.superPassword !== undefined && passwords.has('super')) passwords.set('super', jaas.superPassword);
  return passwords;
}

async function digestModules(jaas: JaasConfig): Promise<readonly LoginModule[]> {
  const parsed = parseJaas(await textOf(jaas));
  if ('reason' in parsed) throw unusable(jaas, `line ${parsed.line}: ${parsed.reason}`);
  const modules = parsed.get(jaas.section);
  if (modules === undefined) throw unusable(jaas, `there is no section ${jaas.section} in it`);
  const other = modules.find(({ name }) => !name.endsWith('DigestLoginModule'));
  if (other === undefined) return modules;
  throw unusable(jaas, `${other.name} is not offered: DigestLoginModule (DIGEST-MD5) is`);
}

async function textOf({ file }: JaasConfig): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = `cannot be read: ${messageOf(error)}`;
    throw new SecurityError({ code: 'security_file_unreadable', setting, file, reason }, { cause: error });
  }
}

const setting = 'java.security.auth.login.config';

function unusable({ file }: JaasConfig, reason: string): SecurityError {
  return new SecurityError({ code: 'jaas_unusable', setting, file, reason });
}
