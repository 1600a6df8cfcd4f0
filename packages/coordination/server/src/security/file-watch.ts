import { unwatchFile, watchFile } from 'node:fs';

/** How often files are looked at, milliseconds: by name, so that one that takes another's place is seen too. */
const lookMs = 1_000;

/** Calls `changed` after any of some files has changed, until the returned function is called. */
export function watchFiles(files: readonly string[], changed: () => void): () => void {
  for (const file of files) watchFile(file, { interval: lookMs, persistent: false }, changed);
  return () => {
    for (const file of files) unwatchFile(file, changed);
  };
}
