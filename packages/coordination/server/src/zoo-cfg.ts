import { parseLines } from 'dot-properties';
import type { z } from 'zod';
import { type CoordinatorConfig, coordinatorConfig } from './config.ts';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { nearest } from './nearest.ts';
import { type MeantKey, meant, missing, refused, withoutEffect } from './zoo-cfg-keys.ts';

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

interface Line {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

type Values = { -readonly [K in MeantKey]?: z.output<(typeof meant)[K]['schema']> };

/**
 * Reads a ZooKeeper configuration file. Keys may be written as the Java system properties they also are
 * (`zookeeper.snapCount`).
 *
 * @param file its name, for messages
 * @throws ConfigError with everything that is wrong, not only the first
 */
export function parseZooCfg(text: string, file: string): ZooCfg {
  const reading = new Reading();
  for (const line of linesOf(text)) reading.take(line);
  const { problems, warnings, values } = reading;
  const address = reading.clientAddress();
  if (problems.length === 0 && values.dataDir === undefined) problems.push(lacking('dataDir'));
  if (problems.length === 0 && address.port === undefined) problems.push(lacking('clientPort'));
  if (problems.length > 0) throw new ConfigError(file, problems);
  const config = configOf(values, address);
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

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
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
  readonly #members: Line[] = [];

  take(line: Line): void {
    const { key } = line;
    const reason = refused[key];
    if (reason !== undefined) this.problems.push({ ...line, allowed: reason });
    else if (key in meant) this.#meant(key as MeantKey, line);
    else if (/^server\.\d+$/.test(key)) this.#member(line);
    else if (key in missing) this.#missing(line);
    else if (!withoutEffect.has(key)) this.#unknown(line);
  }

  clientAddress(): ClientAddress {
    const member = memberAddress(this.#members[0]?.value ?? '');
    return {
      host: this.values.clientPortAddress ?? member.host,
      port: this.values.clientPort ?? member.port,
    };
  }

  #meant<K extends MeantKey>(key: K, line: Line): void {
    const result = meant[key].schema.safeParse(line.value);
    if (result.success) Object.assign(this.values, { [key]: result.data });
    else this.problems.push({ ...line, allowed: meant[key].allowed });
  }

  #member(line: Line): void {
    this.#members.push(line);
    if (this.#members.length < 2) return;
    const allowed = 'this version runs ensembles of one: leave only the server.N line of this server';
    this.problems.push({ ...line, allowed });
  }

  #missing({ key, value, line }: Line): void {
    const gap = missing[key];
    if (gap?.value === value) this.warnings.push({ key, line, message: gap.message });
  }

  #unknown({ key, line }: Line): void {
    const similar = nearest(key, [...Object.keys(meant), ...Object.keys(missing), ...withoutEffect]);
    const hint = similar === undefined ? '' : `; did you mean ${similar}?`;
    this.warnings.push({ key, line, message: `unknown key ${key}, ignored${hint}` });
  }
}

interface ClientAddress {
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** `host:peerPort:electionPort[:role][;[host:]clientPort]` */
function memberAddress(value: string): ClientAddress {
  const client = value.split(';')[1];
  if (client === undefined) return { host: undefined, port: undefined };
  const at = client.lastIndexOf(':');
  return { host: at < 0 ? undefined : client.slice(0, at), port: Number(client.slice(at + 1)) };
}

function configOf(values: Values, address: ClientAddress): CoordinatorConfig {
  return coordinatorConfig({
    dataDirectory: values.dataDir as string,
    logDirectory: values.dataLogDir,
    host: address.host ?? '*',
    port: address.port,
    tickMs: values.tickTime,
    sessionTimeoutMsMin: notNegative(values.minSessionTimeout),
    sessionTimeoutMsMax: notNegative(values.maxSessionTimeout),
    connectionsPerAddressMax: values.maxClientCnxns,
    connectionsMax: values.maxCnxns,
    frameBytesMax: values['jute.maxbuffer'],
    snapshotEntries: values.snapCount,
    snapshotsKept: values['autopurge.purgeInterval'] === 0 ? 'all' : values['autopurge.snapRetainCount'],
    segmentBytesMax: values.preAllocSize === undefined ? undefined : values.preAllocSize * 1024,
    fourLetterWords: wordSet(values['4lw.commands.whitelist']),
    sync: pick(values.forceSync, { yes: 'always', no: 'never' }),
    extendedTypes: pick(values.extendedTypesEnabled, { yes: 'enabled', no: 'disabled' }),
    superDigest: values['DigestAuthenticationProvider.superDigest'],
    reapIntervalMs: values['znode.container.checkIntervalMs'],
  });
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
