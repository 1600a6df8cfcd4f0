import { messageOf } from '@reeve/base';
import { parseLines } from 'dot-properties';
import { type CoordinatorConfig, coordinatorConfig } from './config.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import type { KeyRow, RowValue } from './key-row.ts';
import { nearest } from './nearest.ts';
import { operatorConfig } from './operator-keys.ts';
import { type EnsembleSettings, ensembleSettings } from './peers/ensemble-settings.ts';
import { type ConfigLine, type ReadText, readText, type ServerLine, serverLine } from './peers/server-lines.ts';
import { OpenKeys, securityProblems, securitySettings } from './security/security-keys.ts';
import { throttleConfig } from './throttle-keys.ts';
import { type MeantKey, meant, missing, segmentKilobytes, withoutEffect } from './zoo-cfg-keys.ts';

/** Something in a configuration file that is worth a line in the log, and no reason to refuse it. */
export interface ConfigWarning {
  readonly key: string;
  readonly line: number;
  readonly message: string;
}

/** What a zoo.cfg says. */
export interface ZooCfg {
  readonly config: CoordinatorConfig;
  readonly warnings: readonly ConfigWarning[];
}

/** What is named beside a configuration file, and goes before what it says. */
export interface BesideZooCfg {
  /** The users of SASL: what Java is told by `java.security.auth.login.config`. */
  readonly jaasFile?: string | undefined;
  /** Reads the files that say which member this is and who belongs to the ensemble; the disk's unless given. */
  readonly read?: ReadText;
}

type Values = { -readonly [K in MeantKey]?: RowValue<(typeof meant)[K]> };

/**
 * Reads a ZooKeeper configuration file. Keys may be written as the Java system properties they also are
 * (`zookeeper.snapCount`).
 *
 * @param file its name, for messages
 * @throws ConfigError with everything that is wrong, not only the first
 */
export function parseZooCfg(text: string, file: string, { jaasFile, read = readText }: BesideZooCfg = {}): ZooCfg {
  const reading = new Reading();
  for (const line of linesOf(text)) reading.take(line);
  reading.takeDynamic(read);
  if (jaasFile !== undefined) reading.values['java.security.auth.login.config'] = jaasFile;
  const { problems, warnings, values } = reading;
  const settings = ensembleSettings(reading, read);
  if (problems.length === 0 && values.dataDir !== undefined) problems.push(...settings.problems);
  warnings.push(...settings.warnings);
  const address = clientAddress(values, settings);
  if (problems.length === 0 && values.dataDir === undefined) problems.push(lacking('dataDir'));
  const isSecure = values.secureClientPort !== undefined;
  if (problems.length === 0 && address.port === undefined && !isSecure) problems.push(lacking('clientPort'));
  if (problems.length === 0) problems.push(...securityProblems(values, reading.open));
  if (problems.length > 0) throw new ConfigError(file, problems);
  const config = configOf(reading, { address, ensemble: settings.ensemble }, text);
  refuseEmptyRange(config, file);
  return { config, warnings };
}

function lacking(key: 'dataDir' | 'clientPort'): ConfigProblem {
  return { key, value: '', line: 0, allowed: meant[key].allowed };
}

function refuseEmptyRange(
  { sessionTimeoutMsMin: min, sessionTimeoutMsMax: max }: CoordinatorConfig,
  file: string,
): void {
  if (min <= max) return;
  const allowed = `must not be below minSessionTimeout, which is ${min} (unless given, they are 2 and 20 times tickTime)`;
  throw new ConfigError(file, [{ key: 'maxSessionTimeout', value: String(max), line: 0, allowed }]);
}

function linesOf(text: string): ConfigLine[] {
  const lines: ConfigLine[] = [];
  let line = 1;
  let counted = 0;
  for (const node of parseLines(text, true)) {
    if (node.type !== 'PAIR') continue;
    const start = node.range?.[0] ?? counted;
    line += text.slice(counted, start).split('\n').length - 1;
    counted = start;
    const { key, value } = node as unknown as { key: string; value: string };
    lines.push({ key: key.replace(/^zookeeper\./, ''), value: value.trim(), line });
  }
  return lines;
}

class Reading {
  readonly values: Values = {};
  readonly problems: ConfigProblem[] = [];
  readonly warnings: ConfigWarning[] = [];
  readonly open = new OpenKeys();
  readonly servers: ServerLine[] = [];
  readonly weights: ConfigLine[] = [];
  /** Of the members: the zxid since which they are the ensemble. */
  version = 0;

  take(line: ConfigLine): void {
    const { key } = line;
    if (key in meant) this.#meant(key as MeantKey, line);
    else if (/^server\.\d+$/.test(key)) this.#server(line);
    else if (/^(group|weight)\.\d+$/.test(key)) this.weights.push(line);
    else if (key in missing) this.#missing(line);
    else if (key in withoutEffect) this.#idle(line);
    else this.#open(line);
  }

  /** Takes the members from the file that is named for them. */
  takeDynamic(read: ReadText): void {
    const { dynamicConfigFile: file } = this.values;
    if (file === undefined) return;
    try {
      for (const line of linesOf(read(file))) this.#dynamic({ ...line, file });
    } catch (error) {
      this.problems.push({ key: 'dynamicConfigFile', value: file, line: 0, allowed: messageOf(error) });
    }
  }

  #dynamic(line: ConfigLine): void {
    const isKnown = /^(server|group|weight)\.\d+$/.test(line.key);
    const version = /^[0-9a-f]{1,14}$/i.test(line.value) ? Number.parseInt(line.value, 16) : undefined;
    if (isKnown) this.take(line);
    else if (line.key === 'version' && version !== undefined) this.version = version;
    else if (line.key === 'version') this.problems.push({ ...line, allowed: 'must be a hexadecimal number' });
    else this.problems.push({ ...line, allowed: 'belongs into the configuration file' });
  }

  #meant<K extends MeantKey>(key: K, line: ConfigLine): void {
    const { read, allowed, remark }: KeyRow<unknown> = meant[key];
    const value = read(line.value);
    if (value === undefined) return void this.problems.push({ ...line, allowed });
    Object.assign(this.values, { [key]: value });
    const message = remark?.(value);
    if (message !== undefined) this.warnings.push({ key, line: line.line, message });
  }

  #idle(line: ConfigLine): void {
    const row = withoutEffect[line.key];
    if (row !== undefined && row.read(line.value) === undefined) this.problems.push({ ...line, allowed: row.allowed });
  }

  #server(line: ConfigLine): void {
    const server = serverLine(line);
    if ('allowed' in server) this.problems.push(server);
    else this.servers.push(server);
  }

  #missing({ key, value, line }: ConfigLine): void {
    const gap = missing[key];
    if (gap?.value === value) this.warnings.push({ key, line, message: gap.message });
  }

  #open(line: ConfigLine): void {
    const taken = this.open.take(line.key, line.value);
    if (taken === 'none_of_these') this.#unknown(line);
    else if (taken !== 'taken') this.problems.push({ ...line, ...taken });
  }

  #unknown({ key, line }: ConfigLine): void {
    const similar = nearest(key, [...Object.keys(meant), ...Object.keys(missing), ...Object.keys(withoutEffect)]);
    const hint = similar === undefined ? '' : `; did you mean ${similar}?`;
    this.warnings.push({ key, line, message: `unknown key ${key}, ignored${hint}` });
  }
}

interface ClientAddress {
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** Keys of their own go before the line of this server. */
function clientAddress(values: Values, { client }: EnsembleSettings): ClientAddress {
  return { host: values.clientPortAddress ?? client?.host, port: values.clientPort ?? client?.port };
}

interface Placed {
  readonly address: ClientAddress;
  readonly ensemble: CoordinatorConfig['ensemble'];
}

function configOf({ values, open }: Reading, { address, ensemble }: Placed, text: string): CoordinatorConfig {
  return coordinatorConfig({
    ...securitySettings(values, open),
    ...operatorConfig(values, text),
    ...throttleConfig(values),
    dataDirectory: values.dataDir as string,
    logDirectory: values.dataLogDir,
    host: address.host ?? '*',
    port: address.port ?? 'none',
    ensemble,
    tickMs: values.tickTime,
    sessionTimeoutMsMin: notNegative(values.minSessionTimeout),
    sessionTimeoutMsMax: notNegative(values.maxSessionTimeout),
    connectionsPerAddressMax: values.maxClientCnxns,
    connectionsMax: values.maxCnxns,
    frameBytesMax: values['jute.maxbuffer'],
    snapshotEntries: values.snapCount,
    segmentBytesMax: segmentBytes(values),
    fourLetterWords: wordSet(values['4lw.commands.whitelist']),
    sync: pick(values.forceSync, { yes: 'always', no: 'never' }),
    extendedTypes: pick(values.extendedTypesEnabled, { yes: 'enabled', no: 'disabled' }),
    superDigest: values['DigestAuthenticationProvider.superDigest'],
    digestAlgorithm: values['DigestAuthenticationProvider.digestAlg'],
    quotas: pick(values.enforceQuota, { yes: 'enforced', no: 'counted' }),
    accessLists: pick(values.skipACL, { yes: 'skipped', no: 'checked' }),
    reconfiguration: pick(values.reconfigEnabled, { yes: 'unimplemented', no: 'reconfig_disabled' }),
    reapIntervalMs: values['znode.container.checkIntervalMs'],
    containerNeverUsedMs: values['znode.container.maxNeverUsedIntervalMs'],
  });
}

/** Log files are begun anew at this size; they may not be as small as a ZooKeeper's, which is known to be slow then. */
function segmentBytes({ txnLogSizeLimitInKb: limit = -1, preAllocSize }: Values): number | undefined {
  const kilobytes = limit > 0 ? Math.min(Math.max(limit, segmentKilobytes.min), segmentKilobytes.max) : preAllocSize;
  return kilobytes === undefined ? undefined : kilobytes * 1024;
}

/** -1 stands for the default: so many ticks. */
function notNegative(value: number | undefined): number | undefined {
  return value === undefined || value < 0 ? undefined : value;
}

function wordSet(words: readonly string[] | undefined): CoordinatorConfig['fourLetterWords'] | undefined {
  if (words === undefined) return undefined;
  return words.includes('*') ? 'all' : new Set(words);
}

function pick<T>(answer: 'yes' | 'no' | undefined, meanings: { readonly yes: T; readonly no: T }): T | undefined {
  return answer === undefined ? undefined : meanings[answer];
}
