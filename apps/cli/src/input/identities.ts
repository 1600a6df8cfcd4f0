import { readFileSync } from 'node:fs';
import { messageOf } from '@reeve/base';
import type { AuthInfo } from '@reeve/client';
import { usageError } from '../cli-error.ts';
import { optionValue } from './option-value.ts';

const parse = optionValue((text: string): readonly AuthInfo[] =>
  text.startsWith('@') ? linesOf(text.slice(1)).map(identity) : [identity(text)],
);

/** Adds `SCHEME:CREDENTIALS`, or those in the lines of `@FILE`, to the identities that an option had before. */
export function addIdentity(text: string, before: readonly AuthInfo[] = []): readonly AuthInfo[] {
  return [...before, ...parse(text)];
}

/** The identities in lines of `SCHEME:CREDENTIALS`, as an environment variable may hold them. */
export function identitiesIn(text: string): readonly AuthInfo[] {
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : parse(line.trim())));
}

function identity(text: string): AuthInfo {
  const colon = text.indexOf(':');
  if (colon > 0) return { scheme: text.slice(0, colon), auth: Buffer.from(text.slice(colon + 1)) };
  throw usageError('it has no scheme', 'Say it like digest:user:password, or @FILE with such lines.');
}

function linesOf(file: string): readonly string[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.map((line) => line.trim()).filter((line) => line !== '');
  } catch (error) {
    throw usageError(`cannot read ${file}: ${messageOf(error)}`);
  }
}
