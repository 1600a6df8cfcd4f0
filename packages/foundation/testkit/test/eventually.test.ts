import { expect, test } from '@jest/globals';
import { eventually } from '@reeve/testkit';

test('answers what the condition answers, as soon as that is truthy', async () => {
  let polls = 0;
  expect(await eventually(() => (++polls < 3 ? undefined : 'done'), { what: 'it is done' })).toBe('done');
});

test('says what did not happen, and what the condition threw', async () => {
  const never = () => {
    throw new RangeError('still off by one');
  };
  await expect(eventually(never, { what: 'the count is right', deadlineMs: 1 })).rejects.toMatchObject({
    code: 'did_not_happen',
    message: 'did not happen within 1 ms: the count is right (still off by one)',
  });
});
