import { messageOf } from '@reeve/base';
import { configError } from '../config-error.ts';
import { isObject, type JsonValue } from './json.ts';
import type { Stage } from './stage.ts';

/** What becomes of a key. Without a value it is removed. */
export interface Entry {
  readonly key: string;
  readonly value?: JsonValue;
}

/** Who changes something, and why. */
export interface Authorship {
  readonly author: string;
  readonly comment?: string;
}

/** What is being rolled out. */
export interface RolloutRecord extends Authorship {
  readonly id: string;
  /** The revision at which it began. */
  readonly begun: number;
  /** The scopes that it touches. */
  readonly scopes: readonly string[];
  readonly stage: Stage;
  readonly entries: readonly Entry[];
}

/**
 * What a scope's znode says: the last change that touched it, whole, so that who follows the scope needs one read. All
 * scopes that a change touches say the same.
 */
export interface Head extends Authorship {
  readonly revision: number;
  /** The revision that each touched scope had before: a follower that has another one must read the values anew. */
  readonly previous: Readonly<Record<string, number>>;
  readonly entries: readonly Entry[];
  /** What is being rolled out in these scopes. */
  readonly rollouts: readonly RolloutRecord[];
}

/** What a key's znode holds. */
export interface ValueRecord {
  readonly value: JsonValue;
  /** The revision at which it was published. */
  readonly version: number;
}

/** What became of a key with one publish. Without a value it was removed. */
export interface PastRecord extends Authorship {
  readonly value?: JsonValue;
  /** `absent`: there was no such key before. */
  readonly before: 'present' | 'absent';
  /** All keys of that publish. */
  readonly keys: readonly string[];
  /** The version that was gone back to. */
  readonly rollbackTo?: number;
}

/** The number of the last change, and which changes were the last ones: so an unanswered one is recognised. */
export interface RevisionRecord {
  readonly revision: number;
  readonly recent: readonly { readonly id: string; readonly revision: number }[];
}

/** What a follower says of itself. */
export interface FollowerRecord {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The keys and trees that it follows; none: everything. */
  readonly follows: readonly string[];
  /** The revision that it has applied, by scope. */
  readonly applied: Readonly<Record<string, number>>;
  /** What is being rolled out and has reached it. */
  readonly rollouts: readonly string[];
}

/** The bytes of a record. */
export function encode(record: object): Buffer {
  return Buffer.from(JSON.stringify(record));
}

/** Reads a record that must have these fields. @throws ConfigError `record_unreadable` */
export function decode<T extends object>(
  path: string,
  data: Uint8Array | null,
  fields: readonly (keyof T & string)[],
): T {
  let record: unknown;
  try {
    record = JSON.parse(Buffer.from(data ?? '').toString());
  } catch (error) {
    throw configError({ code: 'record_unreadable', path, reason: messageOf(error) });
  }
  const missing = fields.find((field) => !isObject(record) || record[field] === undefined);
  if (missing === undefined) return record as T;
  throw configError({ code: 'record_unreadable', path, reason: `it lacks "${missing}"` });
}

/** Reads what a scope says. */
export function decodeHead(path: string, data: Uint8Array | null): Head {
  return decode<Head>(path, data, ['revision', 'previous', 'entries', 'rollouts']);
}

/** Reads what a key holds. */
export function decodeValue(path: string, data: Uint8Array | null): ValueRecord {
  return decode<ValueRecord>(path, data, ['value', 'version']);
}
