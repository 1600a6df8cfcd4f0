import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './temporary-directory.ts';

/** A certificate, its key, and both in the forms that servers and clients want. Paths of PEM files. */
export interface IssuedCertificate {
  readonly key: string;
  readonly cert: string;
  /** Key and certificate in one file. */
  readonly both: string;
}

/** What a certificate is made of. */
export interface CertificateOptions {
  /** As OpenSSL's `-subj` has it: `/O=Acme/CN=alice`. */
  readonly subject: string;
  /** `ec` unless given: its keys are made at once. */
  readonly key?: 'ec' | 'rsa';
  /** Encrypts the key. */
  readonly password?: string;
}

const days = '2';

/** Issues real certificates for `localhost` and 127.0.0.1, by the `openssl` command. */
export class CertificateAuthority {
  /** Its own certificate, a PEM file. */
  readonly cert: string;
  readonly #directory = temporaryDirectory();
  readonly #key: string;
  #issued = 0;

  constructor(name = 'Test CA') {
    this.cert = this.#path('ca.crt');
    this.#key = this.#path('ca.key');
    const made = ['-keyout', this.#key, '-out', this.cert, '-days', days, '-subj', `/CN=${name}`];
    openssl(['req', '-x509', ...keyOptions.ec, '-nodes', ...made]);
  }

  /** A certificate signed by this authority, with a key of its own. */
  issue({ subject, key = 'ec', password }: CertificateOptions): IssuedCertificate {
    this.#issued += 1;
    const file = (extension: string) => this.#path(`${this.#issued}.${extension}`);
    const names = file('ext');
    writeFileSync(names, 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    const secret = password === undefined ? ['-nodes'] : ['-passout', `pass:${password}`];
    const request = ['-keyout', file('key'), '-out', file('csr'), '-utf8', '-multivalue-rdn', '-subj', subject];
    openssl(['req', '-new', ...keyOptions[key], ...secret, ...request]);
    const signed = ['-in', file('csr'), '-out', file('crt'), '-days', days, '-extfile', names];
    openssl(['x509', '-req', '-CA', this.cert, '-CAkey', this.#key, '-CAcreateserial', ...signed]);
    writeFileSync(file('pem'), readFileSync(file('key'), 'utf8') + readFileSync(file('crt'), 'utf8'));
    return { key: file('key'), cert: file('crt'), both: file('pem') };
  }

  /** A certificate and its key as a PKCS12 file. */
  pkcs12({ key, cert }: IssuedCertificate, password: string): string {
    const file = cert.replace(/crt$/, 'p12');
    openssl(['pkcs12', '-export', '-inkey', key, '-in', cert, '-out', file, '-passout', `pass:${password}`]);
    return file;
  }

  /** The certificate of this authority as a PKCS12 file without a key. */
  pkcs12OfTrust(password: string): string {
    const file = this.#path('trust.p12');
    openssl(['pkcs12', '-export', '-nokeys', '-in', this.cert, '-out', file, '-passout', `pass:${password}`]);
    return file;
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}

const keyOptions = {
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  rsa: ['-newkey', 'rsa:2048'],
} as const;

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}
