import { configError } from './config-error.ts';
import type { JsonValue } from './model/json.ts';
import { checkKey } from './model/key.ts';
import type { Entry } from './model/records.ts';

/** The most keys that one change touches. */
const ENTRIES_MAX = 500;

/** What is to become of which keys, all of it at once. */
export interface Changes {
  /** Values by key. */
  readonly set?: Readonly<Record<string, JsonValue>>;
  /** Keys that are to go. */
  readonly remove?: readonly string[];
}

/** The entries of these changes, checked. @throws ConfigError */
export function entriesOf({ set = {}, remove = [] }: Changes): readonly Entry[] {
  const removed = [...new Set(remove)].filter((key) => !Object.hasOwn(set, key));
  const entries: readonly Entry[] = [
    ...Object.entries(set).map(([key, value]) => ({ key: checkKey(key), value: checkJson(key, value) })),
    ...removed.map((key) => ({ key: checkKey(key) })),
  ];
  if (entries.length === 0) throw configError({ code: 'nothing_to_change' });
  if (entries.length > ENTRIES_MAX)
    throw configError({ code: 'too_many', what: 'keys in one change', countMax: ENTRIES_MAX });
  return entries;
}

/** What JSON would change on its way is refused: it would not be read as it was published. */
function checkJson(key: string, value: unknown): JsonValue {
  const reason = misfit(value);
  if (reason === undefined) return value as JsonValue;
  throw configError({ code: 'value_unfit', key, reason });
}

function misfit(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : `it holds ${value}`;
    case 'object':
      if (value === null) return undefined;
      if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype && 'constructor' in value) {
        return `it holds a ${value.constructor.name}`;
      }
      return Object.values(value)
        .map(misfit)
        .find((reason) => reason !== undefined);
    default:
      return `it holds a ${typeof value}`;
  }
}
