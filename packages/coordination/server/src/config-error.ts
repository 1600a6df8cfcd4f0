import { CodedError } from '@reeve/base';

/** One thing that is wrong with a configuration file. */
export interface ConfigProblem {
  readonly key: string;
  readonly value: string;
  /** The file it is in, when that is another than the configuration file. */
  readonly file?: string;
  /** Counted from 1; 0 when the key is missing. */
  readonly line: number;
  /** What would be right. */
  readonly allowed: string;
}

/** A configuration file that cannot be used, with all that is wrong with it. */
export interface ConfigFacts {
  readonly code: 'config_invalid';
  readonly file: string;
  readonly problems: readonly ConfigProblem[];
}

/** The configuration says something that is not allowed, or leaves out what is needed. */
export class ConfigError extends CodedError<ConfigFacts> {
  constructor(file: string, problems: readonly ConfigProblem[]) {
    super({ code: 'config_invalid', file, problems }, problems.map((problem) => sentence(file, problem)).join('\n'));
  }
}

function sentence(mainFile: string, { key, value, line, allowed, file = mainFile }: ConfigProblem): string {
  if (line === 0) return `${file}: ${key}${value === '' ? ' is missing' : `=${value}`}: ${allowed}`;
  return `${file}, line ${line}: ${key}=${value}: ${allowed}`;
}
