import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { messageOf } from '@reeve/base';
import type { TaskRequest } from '@reeve/sdk';
import { CliError, usageError } from '../cli-error.ts';
import { parseBulkLine } from './bulk-line.ts';

/** The tasks of a file, or of standard input for `-`: one per line, empty lines left out. */
export async function* readTasks(file: string, stdin: NodeJS.ReadableStream): AsyncGenerator<TaskRequest> {
  const source = file === '-' ? 'standard input' : file;
  let line = 0;
  try {
    const input = file === '-' ? stdin : createReadStream(file);
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      line += 1;
      if (text.trim() !== '') yield parseBulkLine(text, { source, line });
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw usageError(`cannot read ${source}: ${messageOf(error)}`);
  }
}
