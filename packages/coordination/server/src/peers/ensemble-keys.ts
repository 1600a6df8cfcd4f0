import { choice, oneOf, type RowValue, text, trueOrFalse, whole } from '../key-row.ts';
import { handshakeDefaults, type StoreConfig } from '../security/security-config.ts';
import { type StoreValues, securityKeys, storeConfig, versionRange } from '../security/security-keys.ts';
import type { EnsembleConfig, PeerTlsConfig } from './ensemble-config.ts';

const INT_MAX = 0x7fffffff;
const ticks = whole('ticks', 1, INT_MAX);

/** The keys of a zoo.cfg about the ensemble, beside `server.N`. */
export const ensembleKeys = {
  initLimit: ticks,
  syncLimit: ticks,
  electionAlg: oneOf(['3'], 'must be 3: there is one way to elect a leader here'),
  leaderServes: choice('yes', 'no'),
  peerType: oneOf(['participant', 'observer'], 'must be participant or observer'),
  standaloneEnabled: trueOrFalse,
  quorumListenOnAllIPs: trueOrFalse,
  cnxTimeout: whole('milliseconds (-1: the default)', -1, INT_MAX),
  dynamicConfigFile: text('must be the file with the server.N lines'),
  'readonlymode.enabled': trueOrFalse,
  'reeve.ensembleSecretFile': text('must be the file with the secret that all members share'),
  sslQuorum: trueOrFalse,
  sslQuorumReloadCertFiles: trueOrFalse,
  portUnification: trueOrFalse,
  'ssl.quorum.keyStore.location': text('must be the file with the private key and the certificate of this member'),
  'ssl.quorum.keyStore.password': securityKeys['ssl.keyStore.password'],
  'ssl.quorum.keyStore.passwordPath': securityKeys['ssl.keyStore.passwordPath'],
  'ssl.quorum.keyStore.type': securityKeys['ssl.keyStore.type'],
  'ssl.quorum.trustStore.location': text('must be the file with the certificates that vouch for members'),
  'ssl.quorum.trustStore.password': securityKeys['ssl.trustStore.password'],
  'ssl.quorum.trustStore.passwordPath': securityKeys['ssl.trustStore.passwordPath'],
  'ssl.quorum.trustStore.type': securityKeys['ssl.trustStore.type'],
  'ssl.quorum.protocol': securityKeys['ssl.protocol'],
  'ssl.quorum.enabledProtocols': securityKeys['ssl.enabledProtocols'],
  'ssl.quorum.ciphersuites': securityKeys['ssl.ciphersuites'],
  'ssl.quorum.hostnameVerification': trueOrFalse,
  'ssl.quorum.clientAuth': oneOf(['need'], 'must be need: each member shows its certificate'),
  'ssl.quorum.crl': securityKeys['ssl.crl'],
  'ssl.quorum.ocsp': securityKeys['ssl.ocsp'],
  'ssl.quorum.context.supplier.class': securityKeys['ssl.context.supplier.class'],
  'quorum.auth.enableSasl': trueOrFalse,
} as const;

/** What a zoo.cfg says to these keys. */
export type EnsembleValues = {
  readonly [K in keyof typeof ensembleKeys]?: RowValue<(typeof ensembleKeys)[K]>;
} & StoreValues & { readonly tickTime?: number };

const defaults = { initTicks: 10, syncTicks: 5, tickMs: 2_000, connectTimeoutMs: 5_000 } as const;

/** What these keys say, whoever belongs to the ensemble. */
export function ensembleRules(values: EnsembleValues): Omit<EnsembleConfig, 'id' | 'membership'> {
  const tickMs = values.tickTime ?? defaults.tickMs;
  const connectTimeoutMs = values.cnxTimeout ?? 0;
  return {
    listenOn: values.quorumListenOnAllIPs === 'yes' ? 'every_address' : 'own_address',
    initTimeoutMs: (values.initLimit ?? defaults.initTicks) * tickMs,
    syncTimeoutMs: (values.syncLimit ?? defaults.syncTicks) * tickMs,
    connectTimeoutMs: connectTimeoutMs > 0 ? connectTimeoutMs : defaults.connectTimeoutMs,
    security: { secretFile: values['reeve.ensembleSecretFile'], tls: peerTls(values) },
    leaderServes: values.leaderServes === 'no' ? 'members_only' : 'clients',
    readOnlyMode: values['readonlymode.enabled'] === 'yes' ? 'enabled' : 'disabled',
    dynamicConfigFile: values.dynamicConfigFile,
  };
}

function peerTls(values: EnsembleValues): PeerTlsConfig | undefined {
  if (values.sslQuorum !== 'yes') return undefined;
  return {
    keyStore: storeConfig('ssl.quorum.keyStore', values) as StoreConfig,
    trustStore: storeConfig('ssl.quorum.trustStore', values),
    clientAuth: 'need',
    ...versionRange(values['ssl.quorum.enabledProtocols'], values['ssl.quorum.protocol']),
    ciphers: values['ssl.quorum.ciphersuites'],
    ...handshakeDefaults,
    reload: values.sslQuorumReloadCertFiles === 'no' ? 'never' : 'on_change',
    hostNames: values['ssl.quorum.hostnameVerification'] === 'no' ? 'ignored' : 'checked',
  };
}
