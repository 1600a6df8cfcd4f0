import type { Command } from 'commander';
import { usageError } from './cli-error.ts';

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
/** How much a process says of itself on standard error. */
export type LogLevel = (typeof logLevels)[number];

/** What every command that talks to a coordinator is told. */
export interface Settings {
  /** A connect string: `host:port[,host:port…]`. */
  readonly connect: string;
  /** Under which znode the platform lives. */
  readonly root: string;
  readonly format: 'text' | 'json';
  readonly logLevel: LogLevel;
}

/** The raw options, as commander gives them. */
export interface RawSettings {
  readonly connect?: string;
  readonly root?: string;
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

/** Adds the options of a command that talks to a coordinator. */
export function withSettings(command: Command): Command {
  command
    .option(
      '-c, --connect <hosts>',
      `coordinators as host:port[,host:port…] (default: $REEVE_CONNECT or ${DEFAULT_CONNECT})`,
    )
    .option('--root <path>', `znode under which the platform lives (default: $REEVE_ROOT or ${DEFAULT_ROOT})`);
  return withOutputOptions(command);
}

/** The settings of a command: what it was told, else the environment, else the defaults. */
export function settingsOf(raw: RawSettings, env: Readonly<Record<string, string | undefined>>): Settings {
  return {
    connect: raw.connect ?? env.REEVE_CONNECT ?? DEFAULT_CONNECT,
    root: checkedRoot(raw.root ?? env.REEVE_ROOT ?? DEFAULT_ROOT),
    format: raw.json === true ? 'json' : 'text',
    logLevel: checkedLevel(raw.logLevel ?? env.REEVE_LOG_LEVEL ?? 'info'),
  };
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
