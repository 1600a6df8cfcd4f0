import { isDeepStrictEqual } from 'node:util';
import { invariant } from '@reeve/base';
import { EventHub, type RecipeEvents } from '@reeve/recipes';
import type { JsonValue } from '../model/json.ts';
import { type ConfigSchema, issuesLine } from './schema.ts';

/** What happens to a setting. */
export type SettingEvent<T> =
  | { readonly kind: 'changed'; readonly before: T; readonly after: T }
  /** What was published does not fit: the value stays as it is. */
  | { readonly kind: 'refused'; readonly value: JsonValue; readonly problem: string };

/** What a program reads of the configuration, as its schema makes it: always the last value that fitted. */
export interface ConfigSetting<T> {
  /** The key or tree. */
  readonly key: string;
  readonly value: T;
  /** Why what is published now does not hold; none while it does. */
  readonly problem: string | undefined;
  readonly events: RecipeEvents<SettingEvent<T>>;
}

/** What a setting is before anything that fits was published. */
export interface SettingParts<T> {
  readonly key: string;
  readonly schema: ConfigSchema<T>;
  readonly fallback: T;
}

/** A setting, and what keeps it up to date. */
export class KeptSetting<T> implements ConfigSetting<T> {
  readonly key: string;
  readonly events: RecipeEvents<SettingEvent<T>>;
  readonly #schema: ConfigSchema<T>;
  readonly #fallback: T;
  readonly #hub: EventHub<SettingEvent<T>>;
  #value: T;
  #problem: string | undefined;
  #seen: JsonValue | undefined;

  constructor({ key, schema, fallback }: SettingParts<T>, path: string) {
    this.key = key;
    this.#schema = schema;
    this.#fallback = fallback;
    this.#value = fallback;
    this.#hub = new EventHub(`${path}: ${key}`);
    this.events = this.#hub;
  }

  get value(): T {
    return this.#value;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  /** Takes what is published now; undefined where there is nothing. */
  take(published: JsonValue | undefined): void {
    if (isDeepStrictEqual(published, this.#seen)) return;
    this.#seen = published;
    const answer = published === undefined ? { value: this.#fallback } : this.#schema['~standard'].validate(published);
    invariant(!(answer instanceof Promise), 'the schema of a setting answers at once');
    this.#problem = answer.issues && issuesLine(answer.issues);
    if (answer.issues !== undefined) {
      return this.#hub.tell({ kind: 'refused', value: published as JsonValue, problem: this.#problem as string });
    }
    const before = this.#value;
    this.#value = answer.value;
    if (!isDeepStrictEqual(before, answer.value)) this.#hub.tell({ kind: 'changed', before, after: answer.value });
  }

  /** Nothing will change any more. */
  end(): void {
    this.#hub.end();
  }
}
