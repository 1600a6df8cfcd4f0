import { opendir, stat } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Text files to work on. */
export interface Corpus {
  readonly files: readonly string[];
  readonly bytes: number;
  /** Where they were found. */
  readonly roots: readonly string[];
}

const extensions: ReadonlySet<string> = new Set([
  '.md',
  '.ts',
  '.js',
  '.json',
  '.cjs',
  '.mjs',
  '.txt',
  '.yaml',
  '.yml',
]);
const FILES_MAX = 600;
const FILE_BYTES_MIN = 512;
const FILE_BYTES_MAX = 256 * 1024;
/** How many folders are looked into, at most: a tree without text should not keep anybody waiting. */
const FOLDERS_MAX = 20_000;
const skipped: ReadonlySet<string> = new Set(['.git', '.turbo', 'reeve-data']);

/** The repository that this program is part of, or where it is installed. */
const HERE = fileURLToPath(new URL('../../../../', import.meta.url));

/** Finds up to 600 text files: of `directory` where one is named, else of this repository, then of Node itself. */
export async function findCorpus(directory: string | undefined): Promise<Corpus> {
  const roots = directory === undefined ? [HERE, join(dirname(process.execPath), '..', 'lib')] : [directory];
  const found: { readonly file: string; readonly size: number }[] = [];
  const used: string[] = [];
  for (const root of roots) {
    if (found.length >= FILES_MAX) break;
    const before = found.length;
    for await (const file of textFiles(root)) {
      found.push(file);
      if (found.length >= FILES_MAX) break;
    }
    if (found.length > before) used.push(root);
  }
  const bytes = found.reduce((sum, { size }) => sum + size, 0);
  return { files: found.map(({ file }) => file), bytes, roots: used };
}

/** Text files below a directory, folder by folder, those near the top first; follows no links. */
async function* textFiles(root: string): AsyncGenerator<{ readonly file: string; readonly size: number }> {
  const folders = [root];
  for (let at = 0; at < Math.min(folders.length, FOLDERS_MAX); at += 1) {
    const { files, subfolders } = await list(folders[at] as string);
    folders.push(...subfolders);
    for (const file of files) {
      const size = await sizeOf(file);
      if (size >= FILE_BYTES_MIN && size <= FILE_BYTES_MAX) yield { file, size };
    }
  }
}

interface Listing {
  readonly files: readonly string[];
  readonly subfolders: readonly string[];
}

async function list(folder: string): Promise<Listing> {
  const files: string[] = [];
  const subfolders: string[] = [];
  try {
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !skipped.has(entry.name)) subfolders.push(path);
      if (entry.isFile() && extensions.has(extname(entry.name))) files.push(path);
    }
  } catch {
    // Not ours to read: there is enough elsewhere.
  }
  return { files: files.sort(), subfolders: subfolders.sort() };
}

/** The size of a file; 0 when it is gone. */
async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch {
    return 0;
  }
}
