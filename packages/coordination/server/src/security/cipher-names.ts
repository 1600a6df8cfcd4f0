import { getCiphers } from 'node:tls';

/**
 * OpenSSL's name of a cipher suite that is called as in Java and the standards; `undefined` when there is none.
 * `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` is `ECDHE-RSA-AES128-GCM-SHA256`; those of TLS 1.3 have one name.
 */
export function cipherName(name: string): string | undefined {
  const known = getCiphers();
  const [, exchange, cipher] = /^TLS_(\w+)_WITH_(\w+)$/.exec(name) ?? [];
  if (exchange === undefined || cipher === undefined) {
    return known.includes(name.toLowerCase()) ? name : undefined;
  }
  const openssl = `${exchange === 'RSA' ? '' : `${exchange.replace('_', '-')}-`}${cipherPart(cipher)}`;
  return known.includes(openssl.toLowerCase()) ? openssl : undefined;
}

function cipherPart(cipher: string): string {
  return cipher
    .replace(/^AES_(\d+)/, 'AES$1')
    .replace('_CBC', '')
    .replace(/^CHACHA20_POLY1305_SHA256$/, 'CHACHA20-POLY1305')
    .replace(/_/g, '-');
}
