import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { messageOf } from '@reeve/base';
import { usageError } from '../cli-error.ts';

/** Bytes given on the command line: text as it stands, `@file`, or `-` for standard input. */
export async function readBytes(argument: string, stdin: NodeJS.ReadableStream): Promise<Buffer> {
  if (argument === '-') return buffer(stdin);
  if (!argument.startsWith('@')) return Buffer.from(argument, 'utf8');
  try {
    return await readFile(argument.slice(1));
  } catch (error) {
    const advice = 'After @ comes the name of a file. Text that begins with @ goes through standard input: "-".';
    throw usageError(`cannot read the data: ${messageOf(error)}`, advice);
  }
}
