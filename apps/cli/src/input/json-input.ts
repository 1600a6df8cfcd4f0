import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { messageOf } from '@reeve/base';
import { usageError } from '../cli-error.ts';

/** The value of `--payload`: JSON as it stands, `@file`, or `-` for standard input. */
export async function readPayload(argument: string, stdin: NodeJS.ReadableStream): Promise<unknown> {
  if (argument === '-') return parseJson(await text(stdin), 'standard input');
  if (argument.startsWith('@')) return parseJson(await readNamed(argument.slice(1)), argument.slice(1));
  return parseJson(argument, '--payload');
}

async function readNamed(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw usageError(`cannot read the payload: ${messageOf(error)}`, 'After @ comes the name of a file to read.');
  }
}

function parseJson(json: string, source: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    const advice = `Quote it for the shell: --payload '{"name": "value"}'; or use --payload @file.json.`;
    throw usageError(`${source} is not JSON: ${messageOf(error)}`, advice);
  }
}
