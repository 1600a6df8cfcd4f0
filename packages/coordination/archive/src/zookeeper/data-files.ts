import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs, codeOf } from '@reeve/base';
import { ArchiveError } from '../archive-error.ts';
import { namesIn } from '../data-directory.ts';
import type { ZnodeOrigin } from './lifetimes.ts';
import { readLogFile } from './log-file.ts';
import { readSnapshotFile } from './snapshot-file.ts';

/** Which znodes there are, and of which kind, as of `lastZxid`. */
export interface ZnodeOrigins {
  readonly lastZxid: number;
  get(path: string): ZnodeOrigin | undefined;
}

/** Where an Apache ZooKeeper keeps its data: `dataDir` and `dataLogDir`, with `version-2` in each. */
export interface ZooKeeperPlace {
  readonly dataDirectory: string;
  readonly logDirectory: string;
}

const attemptsMax = 5;
const pause = { baseMs: 100, factor: 2, ceilingMs: 2_000, jitter: 0.2 };

/**
 * Reads ZooKeeper's own files: the newest whole snapshot and the log after it. A server may be at work there.
 *
 * @throws ArchiveError
 */
export async function readZooKeeperFiles(place: ZooKeeperPlace): Promise<ZnodeOrigins> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readOnce(place);
    } catch (error) {
      // Old files are purged now and then.
      if (codeOf(error) !== 'ENOENT' || attempt === attemptsMax) throw error;
    }
    await sleep(backoffMs(pause, attempt, Math.random));
  }
}

async function readOnce(place: ZooKeeperPlace): Promise<ZnodeOrigins> {
  const data = await versionDirectory(place.dataDirectory);
  const logs = await versionDirectory(place.logDirectory);
  const { zxid: from, znodes } = await newestWhole(data);
  let lastZxid = from;
  for (const name of await logsAfter(logs, from)) {
    for await (const { zxid, changes } of readLogFile(join(logs, name))) {
      if (zxid <= from) continue;
      for (const change of changes) {
        if (change.kind === 'created') znodes.set(change.path, change.origin);
        else znodes.delete(change.path);
      }
      lastZxid = Math.max(lastZxid, zxid);
    }
  }
  return { lastZxid, get: (path) => znodes.get(path) };
}

async function versionDirectory(directory: string): Promise<string> {
  return (await namesIn(directory)).includes('version-2') ? join(directory, 'version-2') : directory;
}

/** One that a server is writing, or was when it died, is not whole: the one before it is. */
async function newestWhole(directory: string): Promise<{ zxid: number; znodes: Map<string, ZnodeOrigin> }> {
  let damage: unknown;
  for (const { name, zxid } of numbered(await namesIn(directory), snapshotPattern).reverse()) {
    try {
      return { zxid, znodes: await readSnapshotFile(join(directory, name)) };
    } catch (error) {
      if (codeOf(error) !== 'zookeeper_data_damaged') throw error;
      damage ??= error;
    }
  }
  if (damage !== undefined) throw damage;
  const what = 'it holds no snapshot of Apache ZooKeeper';
  throw new ArchiveError({ code: 'directory_foreign', directory, what });
}

/** The log files that may hold something after a zxid, oldest first. */
async function logsAfter(directory: string, zxid: number): Promise<readonly string[]> {
  const all = numbered(await namesIn(directory), logPattern);
  return all.filter((_, index) => (all[index + 1]?.zxid ?? Number.POSITIVE_INFINITY) > zxid).map(({ name }) => name);
}

const snapshotPattern = /^snapshot\.([0-9a-f]+)(?:\.gz|\.snappy)?$/;
const logPattern = /^log\.([0-9a-f]+)$/;

function numbered(names: readonly string[], pattern: RegExp): { name: string; zxid: number }[] {
  return names
    .flatMap((name) => {
      const hex = pattern.exec(name)?.[1];
      return hex === undefined ? [] : [{ name, zxid: Number.parseInt(hex, 16) }];
    })
    .sort((a, b) => a.zxid - b.zxid);
}
