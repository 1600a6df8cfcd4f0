import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '@reeve/base';
import { usageError } from '../cli-error.ts';

/** The absolute paths of files that must be readable, such as modules of handlers. */
export function readableFiles(files: readonly string[]): readonly string[] {
  return files.map((file) => {
    try {
      accessSync(file, constants.R_OK);
      return resolve(file);
    } catch (error) {
      throw usageError(`cannot read ${file}: ${messageOf(error)}`);
    }
  });
}
