import { describe, expect, test } from '@jest/globals';
import type { Logger } from '@reeve/base';
import { Distribution } from '../src/distribution.ts';
import { StorageStatistics } from '../src/storage-statistics.ts';

describe('a distribution', () => {
  test('knows count, sum and range of all values, and quantiles of the latest', () => {
    const values = new Distribution();
    expect(values.quantiles([0.5, 0.99])).toEqual([0, 0]);
    for (let value = 5000; value > 0; value -= 1) values.note(value);
    expect([values.count, values.sum, values.min, values.max, values.average]).toEqual([
      5000, 12_502_500, 1, 5000, 2500.5,
    ]);
    expect(values.quantiles([0.5, 1])).toEqual([512, 1024]);
  });

  test('of few values has them for quantiles', () => {
    const values = new Distribution();
    for (const value of [3, 1, 2]) values.note(value);
    expect(values.quantiles([0, 0.5, 0.95, 1])).toEqual([1, 2, 3, 3]);
    values.reset();
    expect([values.count, values.max, ...values.quantiles([0.5])]).toEqual([0, 0, 0]);
  });
});

describe('a slow disk', () => {
  test('is counted each time and logged once in a while', () => {
    const lines: object[] = [];
    const logger = { warn: (facts: object) => void lines.push(facts) } as unknown as Logger;
    const storage = new StorageStatistics({ syncWarnMs: 100, logger });
    for (const tookMs of [5, 100, 101, 2000.4]) storage.synced(7, tookMs);
    expect(storage.slowSyncs).toBe(2);
    expect(lines).toEqual([{ tookMs: 101, entries: 7, slowSyncs: 1, thresholdMs: 100 }]);
    expect([storage.syncs.count, storage.batches.sum]).toEqual([4, 28]);
  });
});
