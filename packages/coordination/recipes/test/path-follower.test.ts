import { expect, test } from '@jest/globals';
import type { Coordination, WatchListener } from '@reeve/client';
import { PathFollower } from '../src/mirrors/path-follower.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('what is created while the tree is listed is told behind what is above it', async () => {
  const lists = new Map<string, (names: readonly string[]) => void>();
  let tell: WatchListener = () => undefined;
  const client = {
    state: 'connected',
    onSession: () => () => undefined,
    watch: async (_path: string, _mode: string, listener: WatchListener) => {
      tell = listener;
      return { close: async () => undefined };
    },
    getChildren: (path: string) => new Promise((resolve) => lists.set(path, resolve)),
  } as unknown as Coordination;
  const told: string[] = [];
  const reach = { root: '/r', depth: Number.POSITIVE_INFINITY };
  const follower = new PathFollower(client, reach, (event) => told.push('path' in event ? event.path : event.kind));
  await follower.start();
  tell({ type: 'created', path: '/r/a/b/c', zxid: -1 });
  for (const [path, names] of [
    ['/r', ['a']],
    ['/r/a', ['b']],
    ['/r/a/b', ['c']],
    ['/r/a/b/c', []],
  ] as const) {
    await turn();
    lists.get(path)?.(names);
  }
  await turn();
  tell({ type: 'created', path: '/r/a/b/c/d', zxid: -1 });
  expect(told).toEqual(['listing', '/r', '/r/a', '/r/a/b', '/r/a/b/c', 'listed', '/r/a/b/c/d']);
  expect([...follower.picture.all()]).toEqual(['/r', '/r/a', '/r/a/b', '/r/a/b/c', '/r/a/b/c/d']);
  await follower.stop();
});
