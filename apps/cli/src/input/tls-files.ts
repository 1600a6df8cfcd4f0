import { readFileSync } from 'node:fs';
import { messageOf } from '@reeve/base';
import type { ClientTls } from '@reeve/client';
import { usageError } from '../cli-error.ts';

/** How a command speaks TLS with a coordinator: files in PEM, and what goes with them. */
export interface TlsFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly servername: string | undefined;
}

/** The same with the files read; nothing where there is no TLS. */
export function clientTls(files: TlsFiles | undefined): { readonly tls?: ClientTls } {
  if (files === undefined) return {};
  const { ca, cert, key, servername } = files;
  return {
    tls: {
      ...(ca === undefined ? {} : { ca: contents('--tls-ca', ca) }),
      ...(cert === undefined ? {} : { cert: contents('--tls-cert', cert) }),
      ...(key === undefined ? {} : { key: contents('--tls-key', key) }),
      ...(servername === undefined ? {} : { servername }),
    },
  };
}

function contents(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw usageError(`${option} ${file} cannot be read: ${messageOf(error)}`);
  }
}
