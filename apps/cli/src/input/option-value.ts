import { messageOf } from '@reeve/base';
import { InvalidArgumentError } from 'commander';
import { CliError } from '../cli-error.ts';

/** Makes a parser of an option's value fail as commander expects it, so that the message names the option. */
export function optionValue<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      const advice = error instanceof CliError ? (error.facts.advice ?? '') : '';
      throw new InvalidArgumentError(`${messageOf(error)}. ${advice}`.trimEnd());
    }
  };
}
