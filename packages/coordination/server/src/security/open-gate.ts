import { type Logger, messageOf } from '@reeve/base';
import { credentialFiles, readCredentials } from './credentials.ts';
import { watchFiles } from './file-watch.ts';
import type { TlsConfig } from './security-config.ts';
import { TlsGate, type TlsGateParts } from './tls-gate.ts';

interface OpenGateParts extends Pick<TlsGateParts, 'config' | 'complaints'> {
  readonly logger: Logger;
}

/** A gate that follows its files. */
export interface OpenGate {
  readonly gate: TlsGate;
  /** Follows its files no longer. */
  forget(): void;
}

/**
 * Reads keys and certificates, and makes the gate that uses them; takes them anew when their files change. Files that
 * cannot be used then change nothing but the log.
 *
 * @throws SecurityError
 */
export async function openGate(
  { config, logger, complaints }: OpenGateParts,
  accept: ConstructorParameters<typeof TlsGate>[1],
): Promise<OpenGate> {
  const credentials = await readCredentials(config, Date.now());
  const gate = new TlsGate({ config, credentials, complaints }, accept);
  if (config.reload === 'never') return { gate, forget() {} };
  const forget = watchFiles(credentialFiles(config), () => void renew(gate, config, logger));
  return { gate, forget };
}

async function renew(gate: TlsGate, config: TlsConfig, logger: Logger): Promise<void> {
  try {
    gate.renew(await readCredentials(config, Date.now()));
    logger.info({ files: credentialFiles(config) }, 'keys and certificates are read anew');
  } catch (error) {
    logger.error({ reason: messageOf(error) }, 'changed keys or certificates cannot be used: the ones before stay');
  }
}
