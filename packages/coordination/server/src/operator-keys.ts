import { join } from 'node:path';
import { journalDefaults } from '@reeve/journal';
import { adminDefaults, type CoordinatorConfig } from './config.ts';
import { key, oneOf, type RowValue, text, trueOrFalse, whole } from './key-row.ts';

const providers = {
  'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider': 'prometheus',
  'org.apache.zookeeper.metrics.impl.DefaultMetricsProvider': 'none',
  'org.apache.zookeeper.metrics.impl.NullMetricsProvider': 'none',
} as const;

type ProviderName = keyof typeof providers;

/** Fewer are not kept, whatever is asked for: ZooKeeper's rule. */
const snapshotsKeptMin = 3;

/** The keys of a zoo.cfg for those who operate a server: admin server, metrics, audit log, old files, slow disks. */
export const operatorKeys = {
  'admin.enableServer': trueOrFalse,
  'admin.serverPort': whole('', 0, 65_535),
  'admin.serverAddress': text('must be an address of this machine'),
  'admin.commandURL': key(
    (path) => (/^\/[\w./-]*[\w.-]$/.test(path) ? path : undefined),
    'must be a path such as /commands',
  ),
  'admin.idleTimeout': whole('milliseconds', 1, 0x7fffffff),
  'admin.forceHttps': oneOf(['false'], 'must be false: the admin server speaks plain HTTP here'),
  'metricsProvider.className': oneOf(
    Object.keys(providers) as ProviderName[],
    `must be one of ${Object.keys(providers).join(', ')}`,
  ),
  'metricsProvider.httpPort': whole('', 0, 65_535),
  'metricsProvider.httpHost': text('must be an address of this machine'),
  'metricsProvider.exportJvmInfo': trueOrFalse,
  'audit.enable': trueOrFalse,
  'audit.file': text('must be a file for the audit log, or - for standard output'),
  'fsync.warningthresholdms': whole('milliseconds', 0),
  'autopurge.snapRetainCount': {
    ...whole('snapshots', 0),
    remark: (count: number) => (count < snapshotsKeptMin ? `${snapshotsKeptMin} are kept: fewer never are` : undefined),
  },
  'autopurge.purgeInterval': whole('hours (0: keep everything; otherwise old files go with each snapshot)', 0),
} as const;

type OperatorValues = {
  readonly [K in keyof typeof operatorKeys]?: RowValue<(typeof operatorKeys)[K]>;
} & { readonly dataDir?: string; readonly dataLogDir?: string };

/** Keys for operators that are right in a zoo.cfg and make no difference here. */
export const operatorKeysWithoutEffect: readonly string[] = [
  'admin.httpVersion',
  'admin.needClientAuth',
  'metricsProvider.numWorkerThreads',
  'metricsProvider.maxQueueSize',
  'metricsProvider.workerShutdownTimeoutMs',
  'audit.impl.class',
];

type OperatorConfig = Pick<
  CoordinatorConfig,
  'admin' | 'metrics' | 'auditFile' | 'syncWarnMs' | 'snapshotsKept' | 'initialConfiguration'
>;

const defaults = { adminPort: 8080, metricsPort: 7000 } as const;

/** What a zoo.cfg says to operators' keys; what it leaves out is as in ZooKeeper, but for the purge. */
export function operatorConfig(values: OperatorValues, file: string): OperatorConfig {
  return {
    admin: adminConfig(values),
    metrics: metricsConfig(values),
    auditFile: auditFile(values),
    syncWarnMs: values['fsync.warningthresholdms'] ?? 1_000,
    snapshotsKept: snapshotsKept(values),
    initialConfiguration: withoutSecrets(file),
  };
}

function adminConfig(values: OperatorValues): OperatorConfig['admin'] {
  if (values['admin.enableServer'] === 'no') return undefined;
  return {
    host: anyAddress(values['admin.serverAddress']),
    port: values['admin.serverPort'] ?? defaults.adminPort,
    commandUrl: values['admin.commandURL'] ?? adminDefaults.commandUrl,
    idleMs: values['admin.idleTimeout'] ?? adminDefaults.idleMs,
  };
}

function metricsConfig(values: OperatorValues): OperatorConfig['metrics'] {
  const provider = values['metricsProvider.className'];
  if (provider === undefined || providers[provider] === 'none') return undefined;
  return {
    host: anyAddress(values['metricsProvider.httpHost']),
    port: values['metricsProvider.httpPort'] ?? defaults.metricsPort,
    ofProcess: values['metricsProvider.exportJvmInfo'] === 'no' ? 'left_out' : 'exported',
  };
}

function anyAddress(address = '0.0.0.0'): string {
  return address === '0.0.0.0' ? '*' : address;
}

function auditFile(values: OperatorValues): string | undefined {
  if (values['audit.enable'] !== 'yes') return undefined;
  return values['audit.file'] ?? join(values.dataLogDir ?? values.dataDir ?? '', 'audit.log');
}

function snapshotsKept(values: OperatorValues): CoordinatorConfig['snapshotsKept'] {
  if (values['autopurge.purgeInterval'] === 0) return 'all';
  return Math.max(snapshotsKeptMin, values['autopurge.snapRetainCount'] ?? journalDefaults.snapshotsKept);
}

/** The file as it was read; whoever may see it over HTTP is not to learn passwords. */
function withoutSecrets(file: string): string {
  return file.replace(/^(\s*[^#!\s=:]*(?:password|superDigest|secret)[^\s=:]*\s*[=:]\s*).*$/gim, '$1***');
}
