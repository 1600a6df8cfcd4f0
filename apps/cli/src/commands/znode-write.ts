import { codeOf } from '@reeve/base';
import { type Acl, type Client, type CreateMode, isFinal } from '@reeve/client';
import { ensurePath, retrying } from '@reeve/recipes';
import { parentPath } from '@reeve/wire';
import { CliError, usageError } from '../cli-error.ts';
import { type Context, withClient } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { readBytes } from '../input/bytes-input.ts';
import { count } from '../output/words.ts';
import { runHeld } from '../processes/held-line.ts';
import { inOrder } from '../znodes/in-order.ts';
import { walk } from '../znodes/walk.ts';
import { about, ZnodeError } from '../znodes/znode-error.ts';
import { znodePath } from '../znodes/znode-path.ts';
import { atClient } from './znode-read.ts';

/** How long a command that stands behind an ephemeral znode has to end when that is lost, milliseconds. */
const GRACE_MS = 5_000;
/** Times that a tree is gone through again because somebody adds to it while it is deleted. */
const PASSES_MAX = 10;

/** The options of `reeve znode set`, as commander gives them. */
export interface RawSet {
  readonly version?: number;
  readonly create?: true;
}

/** `reeve znode set`. */
export async function setZnode(context: Context, [text, argument]: [string, string], raw: RawSet): Promise<undefined> {
  const path = znodePath(text);
  if (raw.create && raw.version !== undefined) throw usageError('--create and --version exclude each other');
  const { output, signal } = context;
  const data = await readBytes(argument, process.stdin, signal);
  const version = raw.version === undefined ? {} : { version: raw.version };
  await atClient(context, async (client) => {
    if (raw.create) await createIfMissing(client, path, signal);
    const stat = await about(path, client.setData(path, data, { signal, ...version }));
    await output.show({ path, stat }, () => `${path}  version ${stat.version}`);
  });
}

async function createIfMissing(client: Client, path: string, signal: AbortSignal): Promise<void> {
  if ((await about(path, client.exists(path, { signal }))) === undefined) await about(path, ensurePath(client, path));
}

/** The options of `reeve znode create`, as commander gives them. */
export interface RawCreate {
  readonly sequential?: true;
  readonly container?: true;
  readonly ephemeral?: true;
  readonly hold?: true;
  readonly ttl?: number;
  readonly parents?: true;
  readonly sessionTimeout?: number;
  readonly acl?: readonly Acl[];
}

/** What `reeve znode create` is to do. */
export interface Creation {
  readonly path: string;
  /** The data as it was given. */
  readonly argument: string | undefined;
  readonly raw: RawCreate;
  /** What stands after "--". */
  readonly line: readonly string[] | undefined;
}

/** `reeve znode create`. */
export async function createZnode(context: Context, creation: Creation): Promise<ExitCode | undefined> {
  const { raw, argument, line } = creation;
  const mode = modeOf(creation);
  const path = znodePath(creation.path, raw.sequential ? 'numbered' : 'whole');
  const { output, signal } = context;
  const data = argument === undefined ? null : await readBytes(argument, process.stdin, signal);
  const more = { ...(raw.ttl !== undefined && { ttlMs: raw.ttl }), ...(raw.acl !== undefined && { acl: raw.acl }) };
  const work = async (client: Client) => {
    if (raw.parents) await about(path, ensureParent(client, path));
    const create = client.create(path, data, { mode, signal, ...more });
    const created = await about(path, create).catch((error) => Promise.reject(parentMissing(error, path)));
    if (line === undefined) await output.show({ path: created }, () => created);
    return raw.ephemeral ? keep(context, { client, path: created, line }) : undefined;
  };
  return withClient(context, work, raw.sessionTimeout === undefined ? {} : { sessionTimeoutMs: raw.sessionTimeout });
}

function modeOf({ raw, line }: Creation): CreateMode {
  const { sequential, container, ephemeral, ttl, hold } = raw;
  const kinds = [container && '--container', ephemeral && '--ephemeral', ttl !== undefined && '--ttl'].filter(Boolean);
  if (kinds.length > 1) throw usageError(`${kinds.join(' and ')} exclude each other`);
  if (container && sequential) throw usageError('--container and --sequential exclude each other');
  const isKept = hold !== undefined || line !== undefined;
  if (ephemeral && !isKept) {
    const advice = 'Keep it with --hold until Ctrl-C, or while a command runs: … --ephemeral -- CMD.';
    throw usageError('an ephemeral znode goes with the session of this command, at once', advice);
  }
  if (isKept && !ephemeral) throw usageError('--hold and a command after "--" go with --ephemeral');
  if (hold && line !== undefined) throw usageError('--hold and a command after "--" exclude each other');
  if (container) return 'container';
  if (ttl !== undefined) return sequential ? 'persistent_sequential_with_ttl' : 'persistent_with_ttl';
  if (ephemeral) return sequential ? 'ephemeral_sequential' : 'ephemeral';
  return sequential ? 'persistent_sequential' : 'persistent';
}

async function ensureParent(client: Client, path: string): Promise<void> {
  const parent = path === '/' ? '/' : parentPath(path);
  if (parent !== '/') await ensurePath(client, parent);
}

function parentMissing(error: unknown, path: string): unknown {
  if (!(error instanceof ZnodeError) || error.code !== 'no_node') return error;
  const facts = { code: 'no_node', path, advice: 'Create what is missing above it with --parents.' };
  return new ZnodeError(facts, `the parent of ${path} is missing`, { cause: error });
}

interface Kept {
  readonly client: Client;
  readonly path: string;
  readonly line: readonly string[] | undefined;
}

/** Keeps the session, and so the znode, while a command runs, or until Ctrl-C. */
async function keep({ stop, output }: Context, { client, path, line }: Kept): Promise<ExitCode> {
  const lost = new AbortController();
  const unsubscribe = client.onSession(({ to }) => {
    if (isFinal(to)) lost.abort();
  });
  try {
    const code =
      line === undefined
        ? await held(AbortSignal.any([stop, lost.signal]), path, output)
        : await runBehind(line, { path, stop, lost: lost.signal });
    if (!lost.signal.aborted) return stop.aborted ? exitCodes.interrupted : code;
    throw new CliError(
      { code: 'command_failed', exitCode: exitCodes.lost },
      `the session is over, and ${path} is gone`,
    );
  } finally {
    unsubscribe();
  }
}

async function held(over: AbortSignal, path: string, output: Context['output']): Promise<ExitCode> {
  output.note(output.colors.dim(`${path} is there until Ctrl-C.`));
  if (!over.aborted) await new Promise((resolve) => over.addEventListener('abort', resolve, { once: true }));
  return exitCodes.ok;
}

interface Behind {
  readonly path: string;
  readonly stop: AbortSignal;
  readonly lost: AbortSignal;
}

async function runBehind(line: readonly string[], { path, stop, lost }: Behind): Promise<number> {
  const env = { REEVE_ZNODE: path };
  const { exitCode } = await runHeld({ line, env, lost, stop, graceMs: GRACE_MS, lostGraceMs: () => GRACE_MS });
  return exitCode;
}

/** The options of `reeve znode delete`, as commander gives them. */
export interface RawDelete {
  readonly recursive?: true;
  readonly version?: number;
}

/** `reeve znode delete`. */
export async function deleteZnode(context: Context, text: string, raw: RawDelete): Promise<ExitCode | undefined> {
  const path = znodePath(text);
  if (path === '/' || path === '/zookeeper' || path.startsWith('/zookeeper/')) {
    throw usageError(`${path} belongs to the service, and is not to be deleted`);
  }
  const { output, signal } = context;
  return atClient(context, async (client) => {
    const version = raw.version === undefined ? {} : { version: raw.version };
    if (raw.recursive === undefined) {
      await about(path, client.delete(path, { signal, ...version }));
      if (output.format === 'json') await output.json({ path, deleted: 1 });
      return undefined;
    }
    if (raw.version !== undefined) await expectVersion(client, path, raw.version);
    const deletion = new TreeDeletion(client, path, signal);
    const outcome = await deletion.run(raw.version);
    await output.show({ path, ...outcome }, () => `${path}  ${count(outcome.deleted, 'znode')} deleted`);
    for (const kept of outcome.kept) output.note(output.colors.red(`${kept.path} is still there: ${kept.code}`));
    if (outcome.kept.length > 0) return exitCodes.refused;
    return signal.aborted ? exitCodes.interrupted : undefined;
  });
}

/** What has come of the deletion of a tree. */
interface Deleted {
  readonly deleted: number;
  /** What the service would not delete, and why; what is above it is still there too. */
  readonly kept: readonly { readonly path: string; readonly code: string }[];
}

async function expectVersion(client: Client, path: string, version: number): Promise<void> {
  const { stat } = await about(path, client.getData(path));
  if (stat.version !== version)
    throw new ZnodeError({ code: 'bad_version', path }, `${path} has version ${stat.version}`);
}

/** Deletes a tree, the deepest first. It is not one transaction: who looks meanwhile sees part of it. */
class TreeDeletion {
  readonly #client: Client;
  readonly #root: string;
  readonly #signal: AbortSignal;
  readonly #kept = new Map<string, string>();
  #deleted = 0;

  constructor(client: Client, root: string, signal: AbortSignal) {
    this.#client = client;
    this.#root = root;
    this.#signal = signal;
  }

  async run(version: number | undefined): Promise<Deleted> {
    for (let pass = 1; pass <= PASSES_MAX && !this.#signal.aborted; pass += 1) {
      this.#kept.clear();
      const paths = await this.#list();
      if (paths.length === 0 && pass === 1) await about(this.#root, this.#client.getData(this.#root));
      for (const level of levelsOf(paths)) await this.#deleteAll(level, version);
      // Only what somebody has added meanwhile is worth another look.
      if (![...this.#kept.values()].includes('not_empty') || this.#isRefused()) break;
    }
    const kept = [...this.#kept].map(([path, code]) => ({ path, code }));
    const reasons = kept.filter(({ code }) => code !== 'not_empty');
    return { deleted: this.#deleted, kept: reasons.length > 0 ? reasons : kept };
  }

  #isRefused(): boolean {
    return [...this.#kept.values()].some((code) => code !== 'not_empty');
  }

  async #list(): Promise<readonly string[]> {
    const paths: string[] = [];
    for await (const { path, below } of walk(this.#client, { root: this.#root, read: 'stat' })) {
      if (this.#signal.aborted) return [];
      paths.push(path);
      if (below === 'hidden') this.#kept.set(path, 'no_auth');
    }
    return paths;
  }

  async #deleteAll(paths: readonly string[], version: number | undefined): Promise<void> {
    const deletions = inOrder(paths, async (path) => {
      const expected = path === this.#root && version !== undefined ? { version } : {};
      if (!this.#signal.aborted) await this.#deleteOne(path, expected);
    });
    for await (const _ of deletions) if (this.#signal.aborted) return;
  }

  async #deleteOne(path: string, expected: { readonly version?: number }): Promise<void> {
    try {
      const retry = { client: this.#client, path, stopped: this.#signal };
      // One whose answer was lost may have been done: then there is nothing left to delete.
      await retrying(retry, () => this.#client.delete(path, expected));
      this.#deleted += 1;
    } catch (error) {
      const code = codeOf(error) ?? '';
      if (code === 'no_node' || this.#signal.aborted) return;
      if (!refusals.has(code)) throw error;
      this.#kept.set(path, code);
    }
  }
}

const refusals: ReadonlySet<string> = new Set(['not_empty', 'no_auth', 'bad_version']);

/** The paths by depth, the deepest first. */
function levelsOf(paths: readonly string[]): readonly (readonly string[])[] {
  const levels: string[][] = [];
  for (const path of paths) {
    const depth = path.split('/').length;
    const level = levels[depth];
    if (level === undefined) levels[depth] = [path];
    else level.push(path);
  }
  return levels.filter((level) => level !== undefined).reverse();
}
