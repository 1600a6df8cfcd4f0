import { readFile } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { messageOf } from '@reeve/base';
import { interrupted, usageError } from '../cli-error.ts';

/**
 * Bytes given on the command line: text as it stands, `@file`, or `-` for standard input, which is read until `signal`
 * fires.
 *
 * @throws CliError `usage` where there is no such file; `interrupted`
 */
export async function readBytes(argument: string, stdin: Readable, signal: AbortSignal): Promise<Buffer> {
  if (argument === '-') return readAll(stdin, signal);
  if (!argument.startsWith('@')) return Buffer.from(argument, 'utf8');
  try {
    return await readFile(argument.slice(1));
  } catch (error) {
    const advice = 'After @ comes the name of a file. Text that begins with @ goes through standard input: "-".';
    throw usageError(`cannot read the data: ${messageOf(error)}`, advice);
  }
}

async function readAll(stdin: Readable, signal: AbortSignal): Promise<Buffer> {
  try {
    return await buffer(addAbortSignal(signal, stdin));
  } catch (error) {
    throw signal.aborted ? interrupted() : error;
  }
}
