import type { AuthInfo } from '@reeve/client';
import type { Command } from 'commander';
import { usageError } from './cli-error.ts';
import { addIdentity, identitiesIn } from './input/identities.ts';
import type { TlsFiles } from './input/tls-files.ts';

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
/** How much a process says of itself on standard error. */
export type LogLevel = (typeof logLevels)[number];

/** What every command that talks to a coordinator is told. */
export interface Settings {
  /** A connect string: `host:port[,host:port…]`. */
  readonly connect: string;
  /** Under which znode the platform lives. */
  readonly root: string;
  /** Who the command is, to a coordinator that wants to know. */
  readonly auth: readonly AuthInfo[];
  /** How it speaks TLS; plainly when left out. */
  readonly tls: TlsFiles | undefined;
  readonly format: 'text' | 'json';
  readonly logLevel: LogLevel;
}

/** The raw options, as commander gives them. */
export interface RawSettings {
  readonly connect?: string;
  readonly root?: string;
  readonly auth?: readonly AuthInfo[];
  readonly tls?: true;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsServername?: string;
  readonly json?: true;
  readonly logLevel?: string;
}

/** Where commands look for a coordinator when nobody says otherwise. */
export const DEFAULT_CONNECT = '127.0.0.1:2181';
const DEFAULT_ROOT = '/reeve';

/** Adds `--json` and `--log-level`. */
export function withOutputOptions(command: Command): Command {
  return command
    .option('--json', 'print JSON for programs, one value per line')
    .option('--log-level <level>', `say more or less on standard error: ${logLevels.join(', ')}`);
}

/** Adds the options that say where a coordinator is. */
export function withPlace(command: Command): Command {
  command
    .option(
      '-c, --connect <hosts>',
      `coordinators as host:port[,host:port…] (default: $REEVE_CONNECT or ${DEFAULT_CONNECT})`,
    )
    .option('--root <path>', `znode under which the platform lives (default: $REEVE_ROOT or ${DEFAULT_ROOT})`);
  return withOutputOptions(command);
}

/** Adds the options of a command that talks to a coordinator. */
export function withSettings(command: Command): Command {
  return withIdentity(withPlace(command));
}

/** Adds the options that say who one is. */
export function withIdentity(command: Command): Command {
  return command
    .option(
      '--auth <identity>',
      'who to be: digest:user:password, sasl:user:password, or @FILE of such lines (default: $REEVE_AUTH)',
      addIdentity,
    )
    .option('--tls', 'speak TLS (default: $REEVE_TLS=1, or when one of the following is given)')
    .option('--tls-ca <file>', 'trust the certificates of these authorities, PEM (default: $REEVE_TLS_CA)')
    .option('--tls-cert <file>', 'own certificate, PEM (default: $REEVE_TLS_CERT)')
    .option('--tls-key <file>', 'key of the certificate, PEM (default: $REEVE_TLS_KEY)')
    .option('--tls-servername <name>', "name in the coordinators' certificates (default: $REEVE_TLS_SERVERNAME)");
}

/** The environment in which a process has these settings of who it is, and no others. */
export function identityEnvironment({ auth, tls }: Pick<Settings, 'auth' | 'tls'>): Environment {
  const lines = auth.map(({ scheme, auth: credentials }) => `${scheme}:${Buffer.from(credentials)}`);
  return {
    REEVE_AUTH: lines.length === 0 ? undefined : lines.join('\n'),
    REEVE_TLS: tls === undefined ? undefined : '1',
    REEVE_TLS_CA: tls?.ca,
    REEVE_TLS_CERT: tls?.cert,
    REEVE_TLS_KEY: tls?.key,
    REEVE_TLS_SERVERNAME: tls?.servername,
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of a command: what it was told, else the environment, else the defaults. */
export function settingsOf(raw: RawSettings, env: Environment): Settings {
  return {
    connect: raw.connect ?? env.REEVE_CONNECT ?? DEFAULT_CONNECT,
    root: checkedRoot(raw.root ?? env.REEVE_ROOT ?? DEFAULT_ROOT),
    auth: raw.auth ?? identitiesIn(env.REEVE_AUTH ?? ''),
    tls: tlsFiles(raw, env),
    format: raw.json === true ? 'json' : 'text',
    logLevel: checkedLevel(raw.logLevel ?? env.REEVE_LOG_LEVEL ?? 'info'),
  };
}

function tlsFiles(raw: RawSettings, env: Environment): TlsFiles | undefined {
  const files = {
    ca: raw.tlsCa ?? env.REEVE_TLS_CA,
    cert: raw.tlsCert ?? env.REEVE_TLS_CERT,
    key: raw.tlsKey ?? env.REEVE_TLS_KEY,
    servername: raw.tlsServername ?? env.REEVE_TLS_SERVERNAME,
  };
  if ((files.cert === undefined) !== (files.key === undefined)) {
    throw usageError('a certificate and its key go together', 'Give both --tls-cert and --tls-key.');
  }
  const isWanted = raw.tls === true || env.REEVE_TLS === '1';
  return isWanted || Object.values(files).some((file) => file !== undefined) ? files : undefined;
}

function checkedRoot(root: string): string {
  if (/^(\/[^/\s]+)+$/.test(root)) return root;
  throw usageError(`"${root}" is not a root`, 'A root is an absolute path of a znode, such as /reeve.');
}

function checkedLevel(level: string): LogLevel {
  const found = logLevels.find((known) => known === level);
  if (found !== undefined) return found;
  throw usageError(`"${level}" is not a log level`, `Choose one of ${logLevels.join(', ')}.`);
}
