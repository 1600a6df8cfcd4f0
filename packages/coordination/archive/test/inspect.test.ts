import { appendFileSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { writeEpochs } from '@reeve/journal';
import { temporaryDirectory } from '@reeve/testkit';
import { Span } from '@reeve/wire';
import { loadState } from '../src/data-directory.ts';
import { type InspectFilter, type InspectItem, inspectDirectory, inspectFile, inspectTree } from '../src/inspect.ts';
import { create, placeOf, session, WrittenLog } from './written-log.ts';

const everything: InspectFilter = {
  path: '/',
  fromZxid: 0,
  untilZxid: Number.POSITIVE_INFINITY,
  session: undefined,
  display: 'counted',
};

async function written(): Promise<string> {
  const directory = temporaryDirectory();
  const log = await WrittenLog.open(directory);
  await log.append({ kind: 'create_session', timeoutMs: 9_000 });
  await log.append(create('/a', 1));
  await log.append({ kind: 'multi', parts: [create('/b', 2), { kind: 'delete', path: '/a' }] } as never);
  await log.append({ kind: 'set_data', path: '/b', data: Span.of(Buffer.of(0xff)), version: 1 });
  await log.append({ kind: 'refused', error: 'bad_version', failedPart: -1 });
  await log.append(create('/bb', 3));
  await log.close();
  return directory;
}

function logOf(directory: string): string {
  return join(directory, readdirSync(directory).find((name) => name.startsWith('log.')) ?? '');
}

async function all(items: AsyncIterable<InspectItem>): Promise<InspectItem[]> {
  const found: InspectItem[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function txnsOf(items: readonly InspectItem[]): number[] {
  return items.flatMap((item) => (item.kind === 'txn' ? [item.txn.zxid] : []));
}

describe('an inspection of a directory', () => {
  test('shows each file, each transaction, and what a start would do', async () => {
    const directory = await written();
    const items = await all(inspectDirectory(placeOf(directory), everything));
    expect(items[0]).toMatchObject({ kind: 'file', type: 'log', txns: 6, fromZxid: 1, untilZxid: 6 });
    expect(txnsOf(items)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(items[3]).toMatchObject({ txn: { kind: 'multi', parts: [{ path: '/b', bytes: 10 }, { path: '/a' }] } });
    expect(items[5]).toMatchObject({ txn: { kind: 'refused', error: 'bad_version' } });
    expect(items.at(-1)).toMatchObject({ kind: 'start', verdict: 'serves', lastZxid: 6, tornBytes: 0 });
  });

  test.each([
    ['a znode and those below it', { path: '/b' }, [3, 4]],
    ['a range of zxids', { fromZxid: 2, untilZxid: 3 }, [2, 3]],
    ['another session', { session: '0000000000000009' as typeof session }, []],
  ])('shows only %s when asked to', async (_, filter, zxids) => {
    const items = await all(inspectDirectory(placeOf(await written()), { ...everything, ...filter }));
    expect(txnsOf(items)).toEqual(zxids);
  });

  test('shows data as text where it is text, else in base64', async () => {
    const items = await all(inspectDirectory(placeOf(await written()), { ...everything, display: 'shown' }));
    expect(items[2]).toMatchObject({ txn: { data: 'data of /a', encoding: 'utf8', bytes: 10 } });
    expect(items[4]).toMatchObject({ txn: { data: '/w==', encoding: 'base64', bytes: 1 } });
  });

  test('shows the end of a write that did not get through, which a start would cut off', async () => {
    const directory = await written();
    const log = logOf(directory);
    const bytes = readFileSync(log);
    appendFileSync(log, bytes.subarray(32, 100));
    const items = await all(inspectDirectory(placeOf(directory), everything));
    expect(items[0]).toMatchObject({ tornBytes: expect.any(Number), txns: 6 });
    expect(items.at(-1)).toMatchObject({ verdict: 'serves', tornBytes: expect.any(Number) });
    expect(readFileSync(log).length).toBe(bytes.length + 68);
  });

  test('shows damage behind what is good of the file, and that a start would refuse it', async () => {
    const directory = await written();
    const log = logOf(directory);
    const bytes = readFileSync(log);
    const middle = bytes.indexOf('data of /a');
    bytes[middle] = 0x44;
    writeFileSync(log, bytes);
    const items = await all(inspectDirectory(placeOf(directory), everything));
    expect(txnsOf(items)).toEqual([1]);
    expect(items.slice(-2)).toMatchObject([
      { kind: 'damage', file: log, offset: expect.any(Number), what: expect.stringMatching(/^a batch is broken/) },
      { kind: 'start', verdict: 'refuses', code: 'log_corrupt' },
    ]);
  });
});

describe('an inspection of the directory of a member', () => {
  test('shows its epochs', async () => {
    const directory = await written();
    writeEpochs(directory, { acceptedEpoch: 3, currentEpoch: 2 });
    const [first] = await all(inspectDirectory(placeOf(directory), everything));
    expect(first).toEqual({ kind: 'epochs', file: join(directory, 'epochs'), acceptedEpoch: 3, currentEpoch: 2 });
  });

  test('shows that its epochs are damaged, and that a start would refuse them', async () => {
    const directory = await written();
    writeFileSync(join(directory, 'epochs'), 'reeve epochs 1\nacceptedEpoch=3\n');
    const items = await all(inspectDirectory(placeOf(directory), everything));
    expect(items[0]).toMatchObject({ kind: 'damage', what: 'it is not made of its four lines' });
    expect(items.at(-1)).toMatchObject({ verdict: 'refuses', code: 'epochs_corrupt' });
  });

  test('shows a snapshot that was being installed, and nothing of what it takes the place of', async () => {
    const directory = await interruptedInstall();
    const place = placeOf(directory);
    const items = await all(inspectDirectory(place, everything));
    expect(items[0]).toMatchObject({ type: 'install', file: join(directory, 'install.28'), zxid: 0x28 });
    expect(txnsOf(items)).toEqual([]);
    expect(items.at(-1)).toMatchObject({ verdict: 'serves', snapshotZxid: 0x28, lastZxid: 0x28 });
    const { tree } = await loadState(place);
    const known = ['/bb', '/theirs'].filter((path) => tree.get(path) !== undefined);
    expect([tree.lastZxid, known]).toEqual([0x28, ['/theirs']]);
    expect(readdirSync(directory)).toContain('install.28');
  });
});

/** A directory whose owner died when a snapshot from the leader was whole, and the old files still there. */
async function interruptedInstall(): Promise<string> {
  const theirs = temporaryDirectory();
  const log = await WrittenLog.open(theirs, 4096);
  for (let nth = 1; nth <= 0x27; nth += 1) await log.append(create(`/t${nth}`, nth));
  await log.append(create('/theirs', 0x28));
  await log.snapshot((await loadState(placeOf(theirs))).tree);
  await log.close();
  const directory = await written();
  copyFileSync(join(theirs, 'snapshot.28'), join(directory, 'install.28'));
  return directory;
}

describe('an inspection of a state', () => {
  test('shows sessions and znodes as they were at a zxid', async () => {
    const place = placeOf(await written());
    const paths = async (untilZxid: number) => {
      const items = await all(inspectTree(place, { ...everything, untilZxid }));
      return items
        .flatMap((item) => (item.kind === 'znode' ? [item.znode.path] : []))
        .filter((path) => path.length < 4);
    };
    expect((await paths(2)).sort()).toEqual(['/', '/a']);
    expect((await paths(3)).sort()).toEqual(['/', '/b']);
    expect((await paths(100)).sort()).toEqual(['/', '/b', '/bb']);
    expect((await all(inspectTree(place, everything)))[0]).toEqual({ kind: 'session', session, timeoutMs: 9_000 });
  });

  test('is refused where the log of that time is gone', async () => {
    const directory = temporaryDirectory();
    const log = await WrittenLog.open(directory, 256);
    for (let i = 1; i <= 20; i += 1) await log.append(create(`/n${i}`, i));
    await log.snapshot((await loadState(placeOf(directory))).tree);
    await log.close();
    await expect(all(inspectTree(placeOf(directory), { ...everything, untilZxid: 3 }))).rejects.toMatchObject({
      code: 'log_missing',
    });
  });
});

test('an inspection refuses a file that is none of ours', async () => {
  const file = join(temporaryDirectory(), 'x');
  writeFileSync(file, 'something else entirely');
  await expect(all(inspectFile(file, everything))).rejects.toMatchObject({ code: 'file_unrecognised' });
});
