import { CodedError } from '@reeve/base';

/** What is wrong with a value: where in it, as a path such as `/limits/max`, and what. */
export interface ValueIssue {
  readonly path: string;
  readonly message: string;
}

/** Why the configuration could not be read or changed. Nothing was changed then. */
export type ConfigFacts =
  | { readonly code: 'key_invalid'; readonly key: string }
  /** There is no such key, or no such tree of keys. */
  | { readonly code: 'key_unknown'; readonly key: string }
  /** A key holds a value, or has keys below it: not both. */
  | { readonly code: 'key_conflict'; readonly key: string; readonly other: string }
  | {
      readonly code: 'value_invalid';
      readonly key: string;
      readonly schema: string;
      readonly issues: readonly ValueIssue[];
    }
  | { readonly code: 'value_unfit'; readonly key: string; readonly reason: string }
  /** Somebody was faster: the key has another version than the one that was expected. 0: there is none. */
  | { readonly code: 'version_conflict'; readonly key: string; readonly expected: number; readonly found: number }
  /** The history does not reach back so far. */
  | { readonly code: 'version_unknown'; readonly key: string; readonly version: number }
  | { readonly code: 'nothing_to_change' }
  | { readonly code: 'schema_invalid'; readonly key: string; readonly reason: string }
  | { readonly code: 'rollout_under_way'; readonly key: string; readonly rollout: string }
  | { readonly code: 'rollout_unknown'; readonly key: string }
  | { readonly code: 'stage_invalid'; readonly reason: string }
  | { readonly code: 'too_large'; readonly bytes: number; readonly bytesMax: number }
  | { readonly code: 'too_many'; readonly what: string; readonly countMax: number }
  /** A znode of ours holds what we cannot read: another release's, or another program's. */
  | { readonly code: 'record_unreadable'; readonly path: string; readonly reason: string };

/** A refusal of the configuration centre. Failures of single requests stay `ClientError`s. */
export class ConfigError extends CodedError<ConfigFacts> {}

/** The error of these facts. */
export function configError(facts: ConfigFacts): ConfigError {
  return new ConfigError(facts, sentence(facts));
}

function sentence(facts: ConfigFacts): string {
  switch (facts.code) {
    case 'key_invalid':
      return `"${facts.key}" is not a key: names of letters, digits, ".", "_" and "-", with "/" between them`;
    case 'key_unknown':
      return `there is no key ${facts.key}, and none below it`;
    case 'key_conflict':
      return `${facts.key} cannot hold a value beside ${facts.other}: a key has a value, or keys below it`;
    case 'value_invalid':
      return `${facts.key} is refused by the schema of ${facts.schema}: ${facts.issues.map(issueLine).join('; ')}`;
    case 'value_unfit':
      return `the value of ${facts.key} is no JSON: ${facts.reason}`;
    case 'version_conflict':
      return `${facts.key} has version ${facts.found}, not ${facts.expected}: somebody has changed it, look at it again`;
    case 'version_unknown':
      return `the history of ${facts.key} does not reach back to version ${facts.version}`;
    case 'nothing_to_change':
      return 'there is nothing to change: everything is that way already';
    case 'schema_invalid':
      return `not a JSON Schema for ${facts.key}: ${facts.reason}`;
    case 'rollout_under_way':
      return `${facts.key} is being rolled out (${facts.rollout}): complete or abort that first`;
    case 'rollout_unknown':
      return `nothing is being rolled out at ${facts.key}`;
    case 'stage_invalid':
      return `not a stage of a roll-out: ${facts.reason}`;
    case 'too_large':
      return `one publish takes ${facts.bytesMax} bytes of records at most, not ${facts.bytes}: publish less at once`;
    case 'too_many':
      return `more than ${facts.countMax} ${facts.what}: use fewer, or another part of the tree`;
    case 'record_unreadable':
      return `${facts.path} holds no record of the configuration: ${facts.reason}`;
  }
}

function issueLine({ path, message }: ValueIssue): string {
  return path === '' ? message : `${path} ${message}`;
}
