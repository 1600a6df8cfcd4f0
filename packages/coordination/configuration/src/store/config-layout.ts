import { nameOfKey, scopeOf } from '../model/key.ts';

const REVISION_DIGITS = 10;

/** Where everything lies below the root of a configuration. */
export class ConfigLayout {
  readonly root: string;
  /** The number of the last change; every change writes it, so changes come one after the other. */
  readonly revision: string;
  /** A znode for each scope, which is what followers watch, with a child for each key. */
  readonly scopes: string;
  /** A folder for each key that has ever been, with a child for each version. */
  readonly history: string;
  readonly schemas: string;
  /** An ephemeral for each follower that reports. */
  readonly followers: string;

  constructor(root: string) {
    this.root = root;
    this.revision = `${root}/revision`;
    this.scopes = `${root}/scopes`;
    this.history = `${root}/history`;
    this.schemas = `${root}/schemas`;
    this.followers = `${root}/followers`;
  }

  scope(scope: string): string {
    return `${this.scopes}/${scope}`;
  }

  value(key: string): string {
    return `${this.scope(scopeOf(key))}/${nameOfKey(key)}`;
  }

  past(key: string): string {
    return `${this.history}/${nameOfKey(key)}`;
  }

  version(key: string, revision: number): string {
    return `${this.past(key)}/${String(revision).padStart(REVISION_DIGITS, '0')}`;
  }

  schema(key: string): string {
    return `${this.schemas}/${nameOfKey(key)}`;
  }
}
