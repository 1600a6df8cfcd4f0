import { randomUUID } from 'node:crypto';
import { codeOf } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { ensurePath } from '../recipe/ensure-path.ts';
import { recipeError } from '../recipe/recipe-error.ts';
import { sequenceIn } from './line-order.ts';

/** Times that a line may be found missing, because its last one has just left, before that is taken for a failure. */
const MISSING_MAX = 5;

/** What stands in line. */
export interface OwnZnodeOptions {
  /** The znode under which the line stands; created, as a container, when it is missing. */
  readonly path: string;
  /** What the name of the znode holds before its number, such as `lock-`. */
  readonly name: string;
  readonly data: Uint8Array;
  /** The znode of somebody in line whose place, and number, this one shares; unless given, the server gives a number. */
  readonly beside?: string | undefined;
}

/**
 * One ephemeral znode in a line, made once at most whatever becomes of the answers.
 *
 * Its name holds a number drawn by chance, as Curator's do (`_c_<uuid>-`): so one whose creation was not answered is
 * found again. `create` and `delete` are steps to be tried until they succeed.
 */
export class OwnZnode {
  readonly #client: Coordination;
  readonly #options: OwnZnodeOptions;
  readonly #prefix: string;
  /** Whether a creation was sent, so that there may be a znode. */
  #tried: 'no' | 'yes' = 'no';
  #name: string | undefined;

  constructor(client: Coordination, options: OwnZnodeOptions) {
    this.#client = client;
    this.#options = options;
    this.#prefix = `_c_${randomUUID()}-${options.name}`;
  }

  /** Whether it may exist. */
  get wasTried(): boolean {
    return this.#tried === 'yes';
  }

  /** Its name under the line, once it is known to have been created. */
  get name(): string | undefined {
    return this.#name;
  }

  get path(): string | undefined {
    return this.#name === undefined ? undefined : `${this.#options.path}/${this.#name}`;
  }

  /**
   * Creates it, unless an earlier try has. One that is called off when it was sent already is left to `delete`, which
   * the server sees later.
   */
  async create(signal: AbortSignal): Promise<void> {
    if (this.#tried === 'yes') this.#name = await this.#find();
    for (let missing = 0; this.#name === undefined; missing += 1) {
      this.#tried = 'yes';
      try {
        this.#name = await this.#createOnce(signal);
      } catch (error) {
        if (codeOf(error) !== 'no_node' || missing >= MISSING_MAX) throw error;
        if (this.#options.beside !== undefined) throw recipeError('lost', this.#options.beside);
        await this.#ensureLine();
      }
    }
  }

  /** Deletes it where it exists, and finds it first where nobody knows. */
  async delete(): Promise<void> {
    if (this.#tried === 'no') return;
    this.#name ??= await this.#find();
    if (this.path === undefined) return;
    try {
      await this.#client.delete(this.path);
    } catch (error) {
      if (codeOf(error) !== 'no_node') throw error;
    }
  }

  async #createOnce(signal: AbortSignal): Promise<string> {
    const { path, data, beside } = this.#options;
    if (beside !== undefined) return this.#createBeside(beside, signal);
    const created = await this.#client.create(`${path}/${this.#prefix}`, data, {
      mode: 'ephemeral_sequential',
      signal,
    });
    return created.slice(path.length + 1);
  }

  /** In one transaction, for once the other one is gone, those behind it may have had their turn. */
  async #createBeside(beside: string, signal: AbortSignal): Promise<string> {
    const { path, data } = this.#options;
    const name = `${this.#prefix}${sequenceIn(beside)}`;
    const own = { op: 'create', path: `${path}/${name}`, data, mode: 'ephemeral' } as const;
    await this.#client.multi([{ op: 'check', path: beside }, own], { signal });
    return name;
  }

  /** The znode that a creation without an answer has left, if it has. */
  async #find(): Promise<string | undefined> {
    const { path } = this.#options;
    try {
      // Without this the server asked may not know yet what another one has done for us.
      await this.#client.sync(path);
      return (await this.#client.getChildren(path)).find((name) => name.startsWith(this.#prefix));
    } catch (error) {
      if (codeOf(error) === 'no_node') return undefined;
      throw error;
    }
  }

  /** A container, as Curator makes them: the servers remove it some time after the last one has left. */
  async #ensureLine(): Promise<void> {
    const { path } = this.#options;
    try {
      await this.#client.create(path, null, { mode: 'container' });
    } catch (error) {
      const code = codeOf(error);
      if (code === 'engine_unsupported') return ensurePath(this.#client, path);
      const slash = path.lastIndexOf('/');
      if (code === 'node_exists') return;
      if (code !== 'no_node' || slash <= 0) throw error;
      // Only what is missing is created: next to what is there, we may not be allowed to.
      await ensurePath(this.#client, path.slice(0, slash));
      await this.#ensureLine();
    }
  }
}
