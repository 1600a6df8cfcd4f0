import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { codeOf, messageOf } from '@reeve/base';
import type { StoreConfig } from './security-config.ts';
import { SecurityError, type SecurityFacts } from './security-error.ts';

/** A key and the certificates that belong to it, as PEM. */
export interface KeyPair {
  readonly key: string;
  /** The certificate of the key first, then those that vouch for it. */
  readonly cert: string;
}

/**
 * Reads a private key with its certificates.
 *
 * @throws SecurityError
 */
export async function readKeyPair(store: StoreConfig, nowMs: number): Promise<KeyPair> {
  const { pems, password } = await contents(store);
  const certificates = certificatesIn(pems, store);
  const pem = PRIVATE_KEY.exec(pems)?.[0];
  if (pem === undefined) throw unusable(store, 'there is no private key in it');
  const key = decrypted(pem, { store, password });
  const own = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (own === undefined) throw unusable(store, 'its private key belongs to none of its certificates');
  refuseOutOfDate(own, store, nowMs);
  const others = certificates.filter((certificate) => certificate !== own);
  return {
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: [own, ...others].map(String).join('\n'),
  };
}

/**
 * Reads certificates that are trusted, as PEM.
 *
 * @throws SecurityError
 */
export async function readTrusted(store: StoreConfig): Promise<readonly string[]> {
  const { pems } = await contents(store);
  return certificatesIn(pems, store).map(String);
}

const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[^-]+-----END (?:[A-Z]+ )*PRIVATE KEY-----/;
const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

interface Contents {
  readonly pems: string;
  readonly password: string;
}

async function contents(store: StoreConfig): Promise<Contents> {
  const { setting, location, passwordPath, keyLocation } = store;
  const bytes = await read(setting, location);
  const password =
    passwordPath === undefined
      ? store.password
      : (await read(setting.replace('location', 'passwordPath'), passwordPath)).toString().replace(/[\r\n]+$/, '');
  const ownKey = keyLocation === undefined ? '' : (await read('--tls-key', keyLocation)).toString();
  if (typeOf(store, bytes) === 'PEM') return { pems: `${ownKey}\n${bytes}`, password };
  try {
    // Its library is as large as all of this package: only who has such files waits for it.
    const { pkcs12Contents } = await import('./pkcs12.ts');
    return { pems: pkcs12Contents(bytes, password), password };
  } catch (error) {
    throw unusable(store, `is no PKCS12 file that the password opens: ${messageOf(error)}`, error);
  }
}

async function read(setting: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const reason = codeOf(error) === 'ENOENT' ? 'there is no such file' : `cannot be read: ${messageOf(error)}`;
    throw new SecurityError({ code: 'security_file_unreadable', setting, file, reason }, { cause: error });
  }
}

const javaKeyStore = 0xfeedfeed;
/** What PKCS12 files, as any structure in DER or BER, begin with. */
const sequence = 0x30;

function typeOf(store: StoreConfig, bytes: Buffer): 'PEM' | 'PKCS12' {
  const { location } = store;
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === javaKeyStore) {
    const reason = `is a Java key store: convert it with "keytool -importkeystore -srckeystore ${location} -destkeystore ${location}.p12 -deststoretype PKCS12"`;
    throw failure(store, 'key_store_type_unsupported', reason);
  }
  if (store.type !== undefined) return store.type;
  if (/\.(p12|pfx)$/i.test(location)) return 'PKCS12';
  return bytes[0] === sequence && !/\.(pem|crt|cer|key)$/i.test(location) ? 'PKCS12' : 'PEM';
}

function certificatesIn(pems: string, store: StoreConfig): readonly X509Certificate[] {
  const found = pems.match(CERTIFICATES) ?? [];
  if (found.length === 0) throw unusable(store, 'there is no certificate in it');
  try {
    return found.map((pem) => new X509Certificate(pem));
  } catch (error) {
    throw unusable(store, `holds a certificate that cannot be read: ${messageOf(error)}`, error);
  }
}

function decrypted(pem: string, { store, password }: { readonly store: StoreConfig; readonly password: string }) {
  try {
    return createPrivateKey({ key: pem, passphrase: password });
  } catch (error) {
    const reason = `its private key cannot be read with the password: ${messageOf(error)}`;
    throw unusable(store, reason, error);
  }
}

function refuseOutOfDate(certificate: X509Certificate, store: StoreConfig, nowMs: number): void {
  const { subject, validFrom, validTo } = certificate;
  const name = subject.replaceAll('\n', ', ');
  if (Date.parse(validTo) <= nowMs) {
    throw failure(store, 'certificate_not_valid', `the certificate of ${name} has expired on ${validTo}`);
  }
  if (Date.parse(validFrom) > nowMs) {
    throw failure(store, 'certificate_not_valid', `the certificate of ${name} is not valid before ${validFrom}`);
  }
}

function unusable(store: StoreConfig, reason: string, cause?: unknown): SecurityError {
  return failure(store, 'key_store_unusable', reason, cause);
}

function failure(store: StoreConfig, code: SecurityFacts['code'], reason: string, cause?: unknown): SecurityError {
  return new SecurityError({ code, setting: store.setting, file: store.location, reason }, { cause });
}
