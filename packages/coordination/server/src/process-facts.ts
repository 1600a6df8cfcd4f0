import { readdir, readFile, stat } from 'node:fs/promises';
import { arch, homedir, hostname, release, type as systemName, tmpdir, totalmem, userInfo } from 'node:os';
import { join } from 'node:path';
import { snapshotsIn } from '@reeve/journal';
import { version } from './version.ts';

const mebibyte = 1024 * 1024;

/** The bytes that the files of a directory take together. What is gone counts nothing. */
export async function directoryBytes(directory: string): Promise<number> {
  const names = await readdir(directory).catch((): string[] => []);
  const sizes = names.map((name) =>
    stat(join(directory, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** The newest snapshot in a directory: its zxid, and when it was written, milliseconds since the epoch. */
export async function newestSnapshot(directory: string): Promise<{ zxid: number; writtenMs: number } | undefined> {
  const newest = snapshotsIn(await readdir(directory).catch((): string[] => []))[0];
  if (newest === undefined) return undefined;
  const written = await stat(join(directory, newest.name)).catch(() => undefined);
  return written === undefined ? undefined : { zxid: newest.zxid, writtenMs: written.mtimeMs };
}

/** How many files and sockets this process has open, and may have; unknown (-1) where there is no `/proc`. */
export async function descriptors(): Promise<{ readonly open: number; readonly max: number }> {
  try {
    const limits = await readFile('/proc/self/limits', 'utf8');
    const max = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? -1);
    return { open: (await readdir('/proc/self/fd')).length, max };
  } catch {
    return { open: -1, max: -1 };
  }
}

/** Whose process this is; its number where it has no name, as in some containers. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}

/** Where and in what the process runs; names as in ZooKeeper where they mean the same. */
export function environment(): Record<string, string> {
  const { heapUsed, heapTotal } = process.memoryUsage();
  return {
    'zookeeper.version': version,
    'host.name': hostname(),
    'node.version': process.version,
    'java.io.tmpdir': tmpdir(),
    'os.name': systemName(),
    'os.arch': arch(),
    'os.version': release(),
    'user.name': userName(),
    'user.home': homedir(),
    'user.dir': process.cwd(),
    'os.memory.free': `${Math.round((heapTotal - heapUsed) / mebibyte)}MB`,
    'os.memory.max': `${Math.round(totalmem() / mebibyte)}MB`,
    'os.memory.total': `${Math.round(heapTotal / mebibyte)}MB`,
  };
}
