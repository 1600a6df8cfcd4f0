import { appendFile, readFile } from 'node:fs/promises';
import { handler } from '@reeve/sdk/handlers';
import { z } from 'zod';
import { hashOver, measureBytes } from './measure.ts';

/**
 * Measures one text file, and notes in a ledger that an attempt has started and that it is about to end. To last long
 * enough to be killed, it hashes the file over and over: real work, done for its duration alone.
 */
export const measureText = handler({
  name: 'measure-text',
  payload: z.object({ file: z.string(), hashedBytes: z.number(), ledger: z.string() }),
  run: async ({ file, hashedBytes, ledger }, { taskId, attempt, workerId, fence }) => {
    const note = (what: string) =>
      appendFile(ledger, `${JSON.stringify({ what, taskId, attempt, workerId, fence })}\n`);
    await note('started');
    const bytes = await readFile(file);
    hashOver(bytes, hashedBytes);
    const measure = measureBytes(bytes);
    await note('ending');
    return measure;
  },
});
