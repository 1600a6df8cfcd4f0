import { describe, expect, test } from '@jest/globals';
import { formatDuration, parseDuration } from '../src/input/duration.ts';

describe('a duration', () => {
  test.each([
    ['0', 0],
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1h30m', 5_400_000],
  ])('%s is %d milliseconds', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '5', 'five minutes', '5 m', '-1s', '10s!', 's', '1h30'])(
    '%j is refused, with an example of how to say it',
    (text) => {
      expect(() => parseDuration(text)).toThrow(
        expect.objectContaining({
          code: 'usage',
          facts: expect.objectContaining({ advice: expect.stringContaining('10s') }),
        }),
      );
    },
  );

  test('longer than ten years is refused', () => {
    expect(() => parseDuration('4000d')).toThrow('longer than ten years');
  });

  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [3_400, '3.4 s'],
    [59_960, '1m 00s'],
    [125_000, '2m 05s'],
    [3_599_600, '1h 00m'],
    [19_200_000, '5h 20m'],
    [273_600_000, '3d 4h'],
  ])('of %d milliseconds reads %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
