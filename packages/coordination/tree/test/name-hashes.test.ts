import { afterAll, describe, expect, test } from '@jest/globals';
import { seededRandom } from '@reeve/testkit';
import { feedHash, keyNameHashes, ROOT, seedHash } from '../src/store/znode-store.ts';

const keys = [0, 1, 0x7fffffff, -1, 123_456_789];

function hashOf(name: string, key: number): number {
  keyNameHashes(key);
  let hash = seedHash(ROOT);
  for (const character of name) hash = feedHash(hash, character.charCodeAt(0));
  return hash;
}

/** Two names with the same hash under a key, found by chance. */
function collision(key: number): [string, string] {
  const random = seededRandom(1);
  const seen = new Map<number, string>();
  for (;;) {
    const name = Math.floor(random() * 36 ** 8).toString(36);
    const hash = hashOf(name, key);
    const other = seen.get(hash);
    if (other !== undefined && other !== name) return [other, name];
    seen.set(hash, name);
  }
}

/** Thue's sequence, or its opposite: as polynomials they are the same modulo a power of two, for every odd number. */
function sequence(length: number, begin: 0 | 1): string {
  const ones = (n: number) => n.toString(2).replaceAll('0', '').length;
  return Array.from({ length }, (_, i) => 'ab'[(ones(i) + begin) % 2]).join('');
}

afterAll(() => keyNameHashes(0));

describe('the hash of a name', () => {
  test.each(keys)('differs by one from that of the next of numbered names (key %i)', (key) => {
    expect((hashOf('task-0000000008', key) - hashOf('task-0000000007', key)) | 0).toBe(1);
  });

  test('that another name shares is shared under one key only', () => {
    const [one, other] = collision(0);
    expect(keys.map((key) => hashOf(one, key) === hashOf(other, key))).toEqual([true, false, false, false, false]);
  });

  test.each(keys)('is no polynomial, which names could be made for whatever the key (key %i)', (key) => {
    for (const length of [128, 256, 512, 1024]) {
      expect(hashOf(sequence(length, 0), key)).not.toBe(hashOf(sequence(length, 1), key));
    }
  });
});
