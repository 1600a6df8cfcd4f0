import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { codeOf } from '@reeve/base';
import { temporaryDirectory } from '@reeve/testkit';
import { Span } from '@reeve/wire';
import { readBackup } from '../src/backup-reader.ts';
import { createBackup } from '../src/create-backup.ts';
import { loadState, rehearse } from '../src/data-directory.ts';
import { restoreBackup } from '../src/restore-backup.ts';
import { znodeFacts } from '../src/tree-facts.ts';
import { create, placeOf, session, WrittenLog } from './written-log.ts';

const never = new AbortController().signal;

/** A directory with sessions and znodes of every kind. */
async function filledDirectory(): Promise<string> {
  const directory = temporaryDirectory();
  const log = await WrittenLog.open(directory);
  await log.append({ kind: 'create_session', timeoutMs: 9_000 });
  await log.append(
    create('/a', 1),
    create('/null', 2, { data: null }),
    create('/ttl', 3, { lifetime: 'ttl', ttlMs: 5_000 }),
    create('/container', 4, { lifetime: 'container' }),
    create('/e', 5, { lifetime: 'ephemeral' }),
    { kind: 'set_data', path: '/a', data: Span.of(Buffer.from('other')), version: 1 },
    { kind: 'delete', path: '/null' },
  );
  await log.close();
  writeFileSync(join(directory, 'session.secret'), Buffer.alloc(32, 7));
  return directory;
}

async function znodesOf(directory: string) {
  const { tree } = await loadState(placeOf(directory));
  return [...znodeFacts(tree, '/', 'shown')].sort((a, b) => (a.path < b.path ? -1 : 1));
}

describe('a backup', () => {
  test('restored elsewhere is the same state: znodes, zxids, counters, sessions, and their secret', async () => {
    const source = await filledDirectory();
    const file = join(temporaryDirectory(), 'x.backup');
    const { facts } = await createBackup(placeOf(source), file);
    expect(facts).toMatchObject({ zxid: 8, znodes: 8, sessions: 1, ephemerals: 1 });
    const target = join(temporaryDirectory(), 'new');
    await restoreBackup(file, { dataDirectory: target, logDirectory: target, signal: never });
    expect(await znodesOf(target)).toEqual(await znodesOf(source));
    const { tree } = await loadState(placeOf(target));
    expect([tree.lastZxid, [...tree.sessions]]).toEqual([8, [[session, 9_000]]]);
    expect(readFileSync(join(target, 'session.secret'))).toEqual(Buffer.alloc(32, 7));
    expect(await rehearse(placeOf(target))).toMatchObject({ snapshotZxid: 8, lastZxid: 8, entries: 0 });
  });

  test('with any byte changed, or cut off anywhere, is refused', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'x.backup');
    await createBackup(placeOf(await filledDirectory()), file);
    const whole = readFileSync(file);
    const damaged = join(directory, 'damaged.backup');
    for (let at = 0; at < whole.length; at += 7) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ 0x10;
      for (const bytes of [changed, whole.subarray(0, at)]) {
        writeFileSync(damaged, bytes);
        const code = await readBackup(damaged).then(() => 'read', codeOf);
        expect([at, code]).toEqual([at, expect.stringMatching(/^(backup_damaged|file_unrecognised)$/)]);
      }
    }
    writeFileSync(damaged, Buffer.concat([whole, Buffer.from('x')]));
    await expect(readBackup(damaged)).rejects.toMatchObject({ code: 'backup_damaged' });
  });

  test('leaves no file behind when it cannot be made', async () => {
    const directory = temporaryDirectory();
    await expect(createBackup(placeOf(directory), join(directory, 'x'))).rejects.toMatchObject({
      code: 'directory_foreign',
    });
    const out = join(directory, 'missing', 'x');
    await expect(createBackup(placeOf(await filledDirectory()), out)).rejects.toMatchObject({
      code: 'file_unwritable',
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('is not taken of a directory that is not there, which is not made', async () => {
    const directory = join(temporaryDirectory(), 'typo');
    await expect(loadState(placeOf(directory))).rejects.toMatchObject({ code: 'directory_missing' });
    expect(readdirSync(join(directory, '..'))).toEqual([]);
  });

  test('is whole whatever a coordinator does with its files meanwhile', async () => {
    const directory = temporaryDirectory();
    const log = await WrittenLog.open(directory, 512);
    let written = 0;
    let writing = true;
    const writer = (async () => {
      while (writing) {
        await log.append(create(`/n${written}`, written + 1));
        written += 1;
        if (written % 40 === 0) await log.snapshot((await loadState(placeOf(directory))).tree);
      }
    })();
    for (let i = 0; i < 15; i += 1) {
      const before = written;
      const { tree } = await loadState(placeOf(directory)).catch((error: unknown) => {
        if (written > 0) throw error;
        return { tree: undefined };
      });
      if (tree === undefined) continue;
      expect(tree.lastZxid).toBeGreaterThanOrEqual(before);
      expect(tree.size).toBe(4 + tree.lastZxid);
    }
    writing = false;
    await writer;
    await log.close();
  });
});

describe('a restore', () => {
  test('that was cut short keeps a coordinator from starting there', async () => {
    const directory = await filledDirectory();
    writeFileSync(join(directory, 'restore.unfinished'), '');
    await expect(rehearse(placeOf(directory))).rejects.toMatchObject({ code: 'restore_unfinished' });
  });

  test('is refused where there is something, in either directory', async () => {
    const file = join(temporaryDirectory(), 'x.backup');
    await createBackup(placeOf(await filledDirectory()), file);
    const full = await filledDirectory();
    const empty = temporaryDirectory();
    for (const place of [
      { dataDirectory: full, logDirectory: empty },
      { dataDirectory: empty, logDirectory: full },
    ]) {
      const refused = restoreBackup(file, { ...place, signal: never });
      await expect(refused).rejects.toMatchObject({ code: 'target_not_empty', facts: { directory: full } });
    }
    expect(readdirSync(empty)).toEqual([]);
  });

  test('that is given up leaves the directory empty', async () => {
    const file = join(temporaryDirectory(), 'x.backup');
    await createBackup(placeOf(await filledDirectory()), file);
    const target = temporaryDirectory();
    const aborted = AbortSignal.abort();
    await expect(
      restoreBackup(file, { dataDirectory: target, logDirectory: target, signal: aborted }),
    ).rejects.toThrow();
    expect(readdirSync(target)).toEqual([]);
  });
});
