import { InvalidArgumentError } from 'commander';

/** The values of an option `NAME=VALUE` that may be repeated. */
export type Pairs = Readonly<Record<string, string>>;

/** Adds `NAME=VALUE` to what the option had before. */
export function addPair(text: string, before: Pairs = {}): Pairs {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('It must be NAME=VALUE.');
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) };
}
