import type { ZnodeOrigins } from '@reeve/archive';
import type { Coordination } from '@reeve/client';
import { childPath, parentPath } from '@reeve/wire';
import { catchUp } from './catch-up.ts';
import { Copying, type CopyingParts } from './copying.ts';
import { advanceCounters, type CounterGap } from './counters.ts';
import { type Fingerprint, fingerprint } from './fingerprint.ts';
import { MigrationError } from './migration-error.ts';
import { depth, Picture } from './picture.ts';
import { Scope, type ScopeOptions } from './scope.ts';
import { isEphemeral, readZnode, walk } from './side.ts';
import { LiveTarget, RehearsedTarget, type Target, type WriteCounts } from './target.ts';

/** What a migration is made of. */
export interface MigrateOptions extends ScopeOptions {
  readonly source: Coordination;
  readonly target: Coordination;
  /** `rehearse` reads everything and writes nothing. */
  readonly mode: 'copy' | 'rehearse';
  /** What to do with a target that holds something already. */
  readonly existing: 'refuse' | 'make_equal';
  /** Reads what the protocol does not tell, from the source's files; without it every znode is taken for persistent. */
  readonly readOrigins: (() => Promise<ZnodeOrigins>) | undefined;
  /** Pairs of create and delete for the sequence counter of one znode. */
  readonly counterPairsMax: number;
  /** Passes after which a source that goes on changing is given up. */
  readonly passesMax: number;
  /** Is told of so many more znodes that were looked at. */
  readonly onProgress: (count: number) => void;
}

/** What came of a migration. */
export interface MigrationReport extends Readonly<WriteCounts> {
  readonly passes: number;
  /** `changing` when the last pass still found something new. */
  readonly outcome: 'equal' | 'changing';
  /** How many znodes of the source are at the target now. */
  readonly znodes: number;
  /** Left out: they belong to sessions of the source. */
  readonly ephemerals: number;
  readonly containers: number;
  readonly ttls: number;
  /** Created as persistent, because nothing tells what they are at the source. */
  readonly unknownLifetimes: number;
  /** Sequence counters that differ. */
  readonly counterGaps: readonly CounterGap[];
}

/**
 * Copies a tree of znodes from one ZooKeeper-protocol service to another: data, access lists, sequence counters, and with
 * the source's files containers and times to live. Repeats until nothing changed meanwhile. What it wrote stays when it
 * fails; it may be repeated with `make_equal`.
 *
 * @throws MigrationError, ClientError, ArchiveError
 */
export async function migrate(options: MigrateOptions): Promise<MigrationReport> {
  let stopListening = () => {};
  const lost = new Promise<never>((_, reject) => {
    stopListening = options.target.onSession(({ to }) => {
      // Writes on their way have an unknown fate: what was to follow them must not be sent on a new connection.
      if (to !== 'connected') reject(new MigrationError({ code: 'target_lost' }));
    });
  });
  return Promise.race([copyTree(options), lost]).finally(stopListening);
}

async function copyTree(options: MigrateOptions): Promise<MigrationReport> {
  const scope = new Scope(options);
  const target: Target = options.mode === 'copy' ? new LiveTarget(options.target) : new RehearsedTarget();
  const picture = new Picture();
  await requireRoots(options);
  const there = await whatIsThere(options, scope);
  const source = { name: 'source', tree: options.source } as const;
  const parts: CopyingParts = { ...options, source, target, scope, picture, there };
  const copying = new Copying(parts);
  await copyAncestors(parts, options);
  await firstPass(parts, copying);
  const { passes, outcome, counterGaps } = await untilEqual(options, parts, copying);
  const { container: containers, ttl: ttls, unknown: unknownLifetimes } = copying.lifetimes;
  const counts = { znodes: picture.count('copied'), ephemerals: picture.count('ephemeral') };
  return { ...target.counts, passes, outcome, ...counts, containers, ttls, unknownLifetimes, counterGaps };
}

async function requireRoots({ source, target, path }: MigrateOptions): Promise<void> {
  if ((await source.exists(path)) === undefined) throw new MigrationError({ code: 'source_missing', path });
  if ((await target.exists('/')) === undefined) throw new MigrationError({ code: 'target_root_missing' });
}

/** What the target holds of the scope; at most the root of it, unless what is there is to be made equal. */
async function whatIsThere({ target, existing }: MigrateOptions, scope: Scope): Promise<Map<string, Fingerprint>> {
  const there = new Map<string, Fingerprint>();
  await walk({ name: 'target', tree: target }, scope.roots, scope, async (record) => {
    const { path, stat } = record;
    const isRoot = scope.roots.includes(path);
    if (!isRoot && existing === 'refuse') {
      throw new MigrationError({ code: 'target_not_empty', path: parentPath(path), found: path });
    }
    if (!isEphemeral(stat)) there.set(path, fingerprint(record));
    return 'descend';
  });
  return there;
}

/** The znodes above the root of the scope, where the target lacks them. */
async function copyAncestors(parts: CopyingParts, { target, path }: MigrateOptions): Promise<void> {
  let at = '/';
  for (const name of path.split('/').slice(1, -1)) {
    at = childPath(at, name);
    const record = (await target.exists(at)) === undefined ? await readZnode(parts.source, at) : undefined;
    if (record !== undefined) await parts.target.create(record, { lifetime: 'persistent', ttlMs: 0 });
  }
  await parts.target.settled();
}

async function firstPass(parts: CopyingParts, copying: Copying): Promise<void> {
  await copying.begin();
  // One after the other: quotas last.
  for (const root of parts.scope.roots) await copying.copy([root]);
  const superfluous = [...parts.there.keys()].filter((path) => !copying.isDeferred(path) && isDeletable(path, parts));
  for (const path of superfluous.sort((a, b) => depth(b) - depth(a))) await parts.target.delete(path);
  await copying.end();
}

function isDeletable(path: string, { scope }: CopyingParts): boolean {
  return path !== '/' && path !== '/zookeeper/quota' && (scope.roots.includes(path) || scope.includes(path));
}

async function untilEqual(options: MigrateOptions, parts: CopyingParts, copying: Copying) {
  let passes = 1;
  let outcome: MigrationReport['outcome'] = options.mode === 'rehearse' ? 'equal' : 'changing';
  while (outcome === 'changing' && passes < options.passesMax) {
    passes += 1;
    if ((await catchUp(parts, copying)) === 0) outcome = 'equal';
  }
  const { picture, target, scope } = parts;
  const side = { name: 'target', tree: options.target } as const;
  const counterGaps = await advanceCounters({ picture, scope, target, side, pairsMax: options.counterPairsMax });
  return { passes, outcome, counterGaps };
}
