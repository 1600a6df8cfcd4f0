import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The bytes that the files of a directory take together. Files that go meanwhile count nothing. */
export async function directoryBytes(directory: string): Promise<number> {
  const sizes = (await readdir(directory)).map((name) =>
    stat(join(directory, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
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
