import { type Logger, pino } from 'pino';
import type { LogLevel } from './settings.ts';

const STDERR = 2;

/** What a logger is called, and how much it says. */
export interface LoggerOptions {
  /** The process, such as `worker`. */
  readonly name: string;
  readonly level: LogLevel;
}

/** A logger whose level can change. */
export type LeveledLogger = Logger & { level: string };

/** A logger to standard error: lines for people on a terminal, JSON for everything else. */
export async function createLogger({ name, level }: LoggerOptions): Promise<LeveledLogger> {
  const options = { name, level };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ dest: STDERR, sync: true }));
  const { default: pretty } = await import('pino-pretty');
  const stream = pretty({
    destination: STDERR,
    sync: true,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  return pino(options, stream);
}
