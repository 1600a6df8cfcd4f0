import { hostname, userInfo } from 'node:os';
import { invariant } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import type { WaitOptions } from '@reeve/recipes';
import type { DraftOptions } from './store/change-draft.ts';
import { ConfigLayout } from './store/config-layout.ts';
import { ConfigStore } from './store/config-store.ts';
import type { JsonSchema } from './store/schemas.ts';

/** Versions of each key that are kept, unless told otherwise. */
const HISTORY_MAX = 50;

/** Where a configuration is, and who changes it. */
export interface ConfigOptions {
  /** The znode under which it lives, such as `/reeve/config`; created when it is missing. */
  readonly path: string;
  /** Who changes it, for the history; the user and the host unless given. */
  readonly author?: string;
  /** How many versions of each key are kept. 50. */
  readonly historyMax?: number;
  /** Schemas that hold beside those that were published, by the key or tree that each is about. */
  readonly schemas?: Readonly<Record<string, JsonSchema>>;
}

/** How one change is made, and what the history says of it. */
export interface ChangeOptions extends WaitOptions {
  /** Why, for the history. */
  readonly comment?: string | undefined;
}

/** The parts of the classes that change a configuration. */
export interface ConfigParts extends DraftOptions {
  readonly author: string;
}

/** Fills in the defaults. */
export function partsOf(
  client: Coordination,
  { path, author, historyMax = HISTORY_MAX, schemas = {} }: ConfigOptions,
): ConfigParts {
  invariant(Number.isSafeInteger(historyMax) && historyMax > 0, 'a history keeps one version at least');
  return {
    store: new ConfigStore(client, new ConfigLayout(path)),
    author: author ?? `${userName()}@${hostname()}`,
    historyMax,
    schemas: new Map(Object.entries(schemas)),
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container, a user may have no name.
    return String(process.getuid?.() ?? 'somebody');
  }
}
