import { once } from 'node:events';
import { messageOf } from '@reeve/base';
import type { AuditRecord } from '@reeve/server';
import { type Logger, pino } from 'pino';
import { CoordinatorError } from './coordinator-error.ts';

/** Bytes that may wait for a slow disk; lines beyond are lost, and that is logged. */
const waitingBytesMax = 16 * 1024 * 1024;
/** How long closing waits for the disk, milliseconds. */
const closeMsMax = 2_000;
/** How long trouble is not told again, milliseconds. */
const quietMs = 10_000;
const STDOUT = 1;

/** A file with a line of JSON for each change. */
export interface AuditLog {
  write(record: AuditRecord): void;
  /** Resolves when what was written is in the file, or that takes too long. */
  close(): Promise<void>;
}

/**
 * Opens an audit log, and goes on behind what is in it.
 *
 * @param file `-` is standard output
 * @throws CoordinatorError when the file cannot be written
 */
export async function openAuditLog(file: string, logger: Logger): Promise<AuditLog> {
  const dest = file === '-' ? STDOUT : file;
  const destination = pino.destination({ dest, sync: false, mkdir: true, maxLength: waitingBytesMax });
  try {
    if (dest !== STDOUT) await once(destination, 'ready');
  } catch (error) {
    const facts = { code: 'audit_unwritable', file, reason: messageOf(error) } as const;
    throw new CoordinatorError(facts, { cause: error });
  }
  const trouble = troubleTold(file, logger);
  destination.on('error', (error: Error) => trouble(error.message));
  destination.on('drop', () => trouble('it is written too slowly'));
  const log = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    destination,
  );
  return {
    // As ZooKeeper does: what was refused is an error.
    write: (record) => (record.result === 'failure' ? log.error(record) : log.info(record)),
    async close() {
      const closed = once(destination, 'close');
      destination.end();
      await Promise.race([closed, once(AbortSignal.timeout(closeMsMax), 'abort')]);
    },
  };
}

function troubleTold(file: string, logger: Logger): (reason: string) => void {
  let toldMs = Number.NEGATIVE_INFINITY;
  return (reason) => {
    if (performance.now() - toldMs < quietMs) return;
    toldMs = performance.now();
    logger.error({ file, reason }, 'lines of the audit log may be lost');
  };
}
