import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { temporaryDirectory } from '@reeve/testkit';
import fc from 'fast-check';
import { readEpochs, writeEpochs } from '../src/epochs.ts';
import { MemoryEpochDisk } from './memory-epoch-disk.ts';

const first = { acceptedEpoch: 7, currentEpoch: 6 };
const second = { acceptedEpoch: 8, currentEpoch: 7 };
const file = '/data/epochs';

function written(): MemoryEpochDisk {
  const disk = new MemoryEpochDisk();
  writeEpochs('/data', first, disk);
  return disk;
}

describe('the epochs of a member', () => {
  test('are unknown where none were written', () => {
    expect(readEpochs(temporaryDirectory())).toBeUndefined();
  });

  test('come back from a file that people can read, and nothing else is left', () => {
    const directory = temporaryDirectory();
    writeEpochs(directory, first);
    writeEpochs(directory, second);
    expect(readEpochs(directory)).toEqual(second);
    expect(readdirSync(directory)).toEqual(['epochs']);
    expect(readFileSync(join(directory, 'epochs'), 'utf8')).toMatch(
      /^reeve epochs 1\nacceptedEpoch=8\ncurrentEpoch=7\ncrc32=[0-9a-f]{8}\n$/,
    );
  });

  test.each([0, 1, 2])('are the old ones when the disk fails before step %d of a change', (step) => {
    const disk = written();
    disk.stepsUntilPowerCut = step;
    expect(() => writeEpochs('/data', second, disk)).toThrow('EIO');
    expect(readEpochs('/data', disk.afterPowerCut())).toEqual(first);
    expect([first, second]).toContainEqual(readEpochs('/data', disk));
  });

  test('are on disk when the change returns', () => {
    const disk = written();
    writeEpochs('/data', second, disk);
    expect(readEpochs('/data', disk.afterPowerCut())).toEqual(second);
  });

  test('are refused when a byte of the file has changed, is missing or is one too many', () => {
    const text = written().files.get(file) ?? '';
    const place = fc.nat({ max: text.length - 1 });
    const changes = fc.oneof(
      fc.tuple(place, fc.integer({ min: 1, max: 127 })).map(([at, by]) => {
        const byte = String.fromCharCode(text.charCodeAt(at) ^ by);
        return text.slice(0, at) + byte + text.slice(at + 1);
      }),
      place.map((length) => text.slice(0, length)),
      fc.string({ minLength: 1 }).map((more) => text + more),
    );
    fc.assert(
      fc.property(changes, (changed) => {
        const disk = new MemoryEpochDisk();
        disk.files.set(file, changed);
        expect(() => readEpochs('/data', disk)).toThrow(/^\/data\/epochs is (damaged|of format)/);
      }),
    );
  });

  test('of another format are refused with what to do', () => {
    const disk = new MemoryEpochDisk();
    disk.files.set(file, 'reeve epochs 2\nsomething else\n');
    expect(() => readEpochs('/data', disk)).toThrow(
      '/data/epochs is of format 2, and this version of Reeve reads format 1 only: start the version that wrote it',
    );
  });

  test.each([
    { acceptedEpoch: 1, currentEpoch: 2 },
    { acceptedEpoch: -1, currentEpoch: -1 },
    { acceptedEpoch: 1.5, currentEpoch: 1 },
  ])('are not written as $acceptedEpoch and $currentEpoch', (epochs) => {
    const disk = written();
    expect(() => writeEpochs('/data', epochs, disk)).toThrow('invariant');
    expect(readEpochs('/data', disk)).toEqual(first);
  });
});
