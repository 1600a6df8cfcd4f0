import { expect, test } from '@jest/globals';
import { ClientError, type Coordination } from '@reeve/client';
import { PersistentEphemeral } from '../src/index.ts';

const stat = { ephemeralOwner: 'own', czxid: 1 };

/** A service that has everything, and does what a test says. */
function kept(part: Partial<Record<keyof Coordination, unknown>>) {
  const client = {
    state: 'connected',
    sessionId: 'own',
    sessionTimeoutMs: 1_000,
    onSession: () => () => undefined,
    create: async (path: string) => path,
    exists: async () => stat,
    unwatch: async () => undefined,
    sync: async () => undefined,
    delete: async () => undefined,
    ...part,
  } as unknown as Coordination;
  return new PersistentEphemeral(client, { path: '/here', data: Buffer.from('at first') });
}

test('a change that has to be tried again does not bring back what a later one has replaced', async () => {
  const written: string[] = [];
  const here = kept({
    setData: async (_path: string, data: Buffer) => {
      written.push(String(data));
      if (written.length === 1) throw new ClientError({ code: 'connection_loss', outcome: 'unknown' }, 'lost');
    },
  });
  await here.start();
  await Promise.all([here.update(Buffer.from('then')), here.update(Buffer.from('at last'))]);
  expect([written.length, written.at(-1)]).toEqual([3, 'at last']);
  await here.stop();
});

test('what is kept is deleted in the end, also where the engine cannot take a watch back', async () => {
  const deleted: string[] = [];
  const here = kept({
    unwatch: () => Promise.reject(new ClientError({ code: 'engine_unsupported', outcome: 'failed' }, 'no')),
    delete: async (path: string) => void deleted.push(path),
  });
  await here.start();
  await here.stop();
  expect(deleted).toEqual(['/here']);
});
