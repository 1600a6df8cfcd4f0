import { constants } from 'node:crypto';
import { createSecureContext, type TlsOptions } from 'node:tls';
import { messageOf } from '@reeve/base';
import { readKeyPair, readTrusted } from './key-store.ts';
import type { TlsConfig } from './security-config.ts';
import { SecurityError } from './security-error.ts';

/**
 * Reads key and certificates, and says what TLS needs of them.
 *
 * Sessions of TLS are not taken up again: whoever connects is judged by the certificates that are trusted now.
 *
 * @throws SecurityError
 */
export async function readCredentials(config: TlsConfig, nowMs: number): Promise<TlsOptions> {
  const { keyStore, trustStore, clientAuth, ciphers } = config;
  const pair = await readKeyPair(keyStore, nowMs);
  const trusted = clientAuth === 'none' || trustStore === undefined ? [] : await readTrusted(trustStore);
  const options: TlsOptions = {
    ...pair,
    ca: [...trusted],
    ...versions(config),
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    ...(ciphers === undefined ? {} : { ciphers, honorCipherOrder: true }),
  };
  try {
    createSecureContext(options);
  } catch (error) {
    const { location } = keyStore;
    const facts = { code: 'key_store_unusable', setting: keyStore.setting, file: location } as const;
    throw new SecurityError({ ...facts, reason: messageOf(error) }, { cause: error });
  }
  return options;
}

/** Node goes on offering TLS 1.3 where only suites of TLS 1.2 are named, and the other way round. */
function versions({ versionMin, versionMax, ciphers }: TlsConfig): Pick<TlsOptions, 'minVersion' | 'maxVersion'> {
  const isNewer = ciphers?.split(':').map((name) => name.startsWith('TLS_')) ?? [true, false];
  return {
    minVersion: isNewer.includes(false) ? versionMin : 'TLSv1.3',
    maxVersion: isNewer.includes(true) ? versionMax : 'TLSv1.2',
  };
}

/** The files that credentials come from. */
export function credentialFiles({ keyStore, trustStore }: TlsConfig): readonly string[] {
  const stores = trustStore === undefined ? [keyStore] : [keyStore, trustStore];
  const files = stores.flatMap(({ location, keyLocation, passwordPath }) => [location, keyLocation, passwordPath]);
  return files.filter((file) => file !== undefined);
}
