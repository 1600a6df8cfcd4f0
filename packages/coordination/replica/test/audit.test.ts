import { describe, expect, test } from '@jest/globals';
import type { AuditNote } from '@reeve/replica';
import { createFlags, noSession, openAcl } from '@reeve/wire';
import { World } from './world.ts';

const znode = (path: string, flags: number = createFlags.persistent) => ({
  path,
  data: Buffer.from('x'),
  acl: openAcl,
  flags,
});

/** What the last turn noted, of what is told in all cases. */
function noted(world: World): readonly AuditNote[] {
  world.perform();
  world.persist();
  const notes = [...world.replica.outbox.audit];
  world.perform();
  return notes;
}

const brief = (world: World) => noted(world).map(({ operation, path, result }) => [operation, path, result]);

describe('an audit trail', () => {
  test('is not kept unless somebody wants to read it', () => {
    const world = new World();
    const client = world.connect();
    world.send(client, 'create', znode('/a'));
    expect(noted(world)).toEqual([]);
  });

  test('tells who made what kind of znode, by the name it got', () => {
    const world = new World({ audit: 'on' });
    const client = world.connect();
    world.ask(client, 'auth', { type: 0, scheme: 'digest', auth: Buffer.from('bob:pw') });
    world.send(client, 'create', znode('/a-', createFlags.ephemeral_sequential));
    const asker = {
      address: '10.1.2.3',
      identities: [
        { scheme: 'ip', id: '10.1.2.3' },
        { scheme: 'digest', id: expect.stringMatching(/^bob:/) },
      ],
    };
    expect(noted(world)).toMatchObject([
      { operation: 'create', path: '/a-0000000000', mode: 'ephemeral_sequential', result: 'success', asker },
    ]);
  });

  test('tells of changes and of those that were refused', () => {
    const world = new World({ audit: 'on' });
    const client = world.connect();
    world.send(client, 'create', znode('/a'));
    world.send(client, 'setData', { path: '/a', data: null, version: -1 });
    world.send(client, 'setACL', { path: '/a', acl: openAcl, version: -1 });
    world.send(client, 'delete', { path: '/a', version: 7 });
    world.send(client, 'delete', { path: '/a', version: -1 });
    world.send(client, 'check', { path: '/a', version: -1 });
    expect(brief(world)).toEqual([
      ['create', '/a', 'success'],
      ['setData', '/a', 'success'],
      ['setAcl', '/a', 'success'],
      ['delete', '/a', 'failure'],
      ['delete', '/a', 'success'],
    ]);
  });

  test('tells of each part of a multi, or once that all of it was refused', () => {
    const world = new World({ audit: 'on' });
    const client = world.connect();
    world.send(client, 'multi', [
      { op: 'create', ...znode('/m') },
      { op: 'check', path: '/m', version: 0 },
      { op: 'setData', path: '/m', data: null, version: 0 },
      { op: 'delete', path: '/m', version: -1 },
    ]);
    world.send(client, 'multi', [
      { op: 'create', ...znode('/m') },
      { op: 'delete', path: '/none', version: -1 },
    ]);
    expect(brief(world)).toEqual([
      ['create', '/m', 'success'],
      ['setData', '/m', 'success'],
      ['delete', '/m', 'success'],
      ['multiOperation', undefined, 'failure'],
    ]);
  });

  test('tells of ephemerals that go with their session, and of containers that go by themselves', () => {
    const world = new World({ audit: 'on' });
    const client = world.connect();
    world.ask(client, 'create', znode('/e', createFlags.ephemeral));
    world.ask(client, 'createContainer', znode('/c', createFlags.container));
    world.ask(client, 'create', znode('/c/child'));
    world.ask(client, 'delete', { path: '/c/child', version: -1 });
    const { session } = client;
    world.send(client, 'closeSession', {});
    const operation = 'ephemeralZNodeDeletionOnSessionCloseOrExpire';
    expect(noted(world)).toMatchObject([{ operation, path: '/e', session, asker: undefined }]);
    world.pass(4000);
    expect(noted(world)).toMatchObject([{ operation: 'delete', path: '/c', session: noSession, asker: undefined }]);
  });

  test('tells nothing of what a failing disk left without a fate', () => {
    const world = new World({ audit: 'on' });
    world.send(world.connect(), 'create', znode('/a'));
    world.perform();
    world.failDisk();
    world.step({ kind: 'journal_recovered' });
    const other = world.connect();
    world.send(other, 'create', znode('/b'));
    expect(brief(world)).toEqual([['create', '/b', 'success']]);
  });
});
