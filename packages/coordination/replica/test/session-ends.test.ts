import { describe, expect, test } from '@jest/globals';
import { decodeTxn, type Txn } from '@reeve/tree';
import { createFlags, noSession, openAcl, Reader } from '@reeve/wire';
import type { TestClient } from './test-client.ts';
import { type Turn, World } from './world.ts';

const MANY = 2500;
const reader = new Reader();

const znode = (path: string, flags: number = createFlags.ephemeral) => ({ path, data: null, acl: openAcl, flags });

/** A client with very many ephemerals, and the world it is in. */
function crowded(options: ConstructorParameters<typeof World>[0] = {}): { world: World; owner: TestClient } {
  const world = new World(options);
  const owner = world.connect({ timeoutMs: 4000 });
  for (let i = 0; i < MANY; i += 1) world.send(owner, 'create', znode(`/e${i}`));
  world.turn();
  return { world, owner };
}

function txnsOf({ entries }: Turn): Txn[] {
  return entries.map(({ payload }) => decodeTxn(reader.reset(payload)).txn);
}

/** Lets the disk do its work until nothing is left to do. */
function settled(world: World): readonly Turn[] {
  const turns: Turn[] = [];
  do turns.push(world.turn());
  while (world.replica.status().outstanding > 0 || world.replica.outbox.entries.length > 0);
  return turns;
}

const kindsOf = (turns: readonly Turn[]) => turns.flatMap(txnsOf).map(({ kind }) => kind);
const inParts = ['create_session', 'multi', 'multi', 'close_session'];

/** What a client hears that wants its session back. */
function comesBack(world: World, { session, password }: TestClient): boolean {
  const again = world.open();
  world.frame(again, again.hello({ session, password }));
  const [first] = world.perform().arrivals.get(again.connection) ?? [];
  return first?.kind === 'welcome' && first.reply.sessionId !== noSession;
}

describe('the end of a session with very many ephemerals', () => {
  test('takes several transactions, of which the last is answered', () => {
    const { world, owner } = crowded();
    world.send(owner, 'closeSession', {});
    const turns = settled(world);
    expect(kindsOf(turns)).toEqual(inParts);
    const answered = turns.map(({ arrivals }) => (arrivals.get(owner.connection) ?? []).length);
    expect(answered).toEqual([0, 0, 0, 1]);
    expect(turns.at(-1)?.closed).toEqual([owner.connection]);
    expect(world.replica.status()).toMatchObject({ ephemerals: 0, sessions: 0, pendingZnodes: 0 });
  });

  test('takes as many when it expires, and is told once', () => {
    const { world } = crowded();
    world.pass(7000);
    const expired = world.replica.outbox.notes.filter(({ kind }) => kind === 'expired');
    const turns = settled(world);
    world.pass(2000);
    expect([expired.length, world.replica.outbox.notes]).toEqual([1, []]);
    expect(kindsOf(turns)).toEqual(inParts);
    expect(world.replica.status()).toMatchObject({ ephemerals: 0, sessions: 0 });
  });

  test('takes more the longer their paths are', () => {
    const world = new World();
    const owner = world.connect();
    const parent = `/${'p'.repeat(500_000)}`;
    world.ask(owner, 'create', znode(parent, createFlags.persistent));
    for (let i = 0; i < 5; i += 1) world.send(owner, 'create', znode(`${parent}/${i}`));
    world.turn();
    world.send(owner, 'closeSession', {});
    expect(kindsOf(settled(world))).toEqual(inParts);
  });

  test('waits for another turn when the ends of others fill this one', () => {
    const world = new World();
    const owners = Array.from({ length: 20 }, () => world.connect());
    const parent = `/${'p'.repeat(1_000_000)}`;
    world.ask(owners[0] as TestClient, 'create', znode(parent, createFlags.persistent));
    owners.forEach((owner, i) => {
      world.ask(owner, 'create', znode(`${parent}/${i}`));
    });
    for (const owner of owners) world.send(owner, 'closeSession', {});
    expect(world.turn().closed).toHaveLength(17);
    world.pass(1000);
    expect(world.turn().closed).toHaveLength(3);
    expect(world.replica.status()).toMatchObject({ ephemerals: 0, sessions: 0 });
  });

  test('leaves a name to whoever takes it meanwhile', () => {
    const { world, owner } = crowded();
    const other = world.connect();
    world.send(owner, 'closeSession', {});
    world.turn();
    world.send(other, 'delete', { path: '/e2400', version: -1 });
    world.send(other, 'create', znode('/e2400'));
    settled(world);
    expect(world.replica.status()).toMatchObject({ ephemerals: 1, sessions: 1 });
  });

  test('is gone on with by a member that starts anew, and nobody has the session back', () => {
    const { world, owner } = crowded();
    world.send(owner, 'closeSession', {});
    world.turn();
    world.turn();
    world.restart();
    expect(world.replica.status()).toMatchObject({ ephemerals: MANY - 1000, sessions: 1 });
    expect(comesBack(world, owner)).toBe(false);
    world.pass(1000);
    expect(kindsOf(settled(world))).toEqual(['multi', 'close_session']);
    expect(world.replica.status()).toMatchObject({ ephemerals: 0, sessions: 0 });
  });

  test('is gone on with after the disk has failed in the midst of it', () => {
    const { world, owner } = crowded();
    world.send(owner, 'closeSession', {});
    world.turn();
    world.perform();
    world.failDisk();
    expect(world.perform().closed).toEqual([owner.connection]);
    expect(comesBack(world, owner)).toBe(false);
    world.step({ kind: 'journal_recovered' });
    world.pass(1000);
    expect(kindsOf(settled(world))).toEqual(['multi', 'multi', 'close_session']);
    expect(world.replica.status()).toMatchObject({ ephemerals: 0, sessions: 0, pendingZnodes: 0 });
  });

  test('is as if nobody had asked for it when the disk fails before it has begun', () => {
    const { world, owner } = crowded();
    world.send(owner, 'closeSession', {});
    world.perform();
    world.failDisk();
    expect(world.perform().closed).toEqual([owner.connection]);
    world.step({ kind: 'journal_recovered' });
    expect(comesBack(world, owner)).toBe(true);
    expect(world.replica.status()).toMatchObject({ ephemerals: MANY, sessions: 1, pendingZnodes: 0 });
  });

  test('is told in full to an audit trail', () => {
    const { world, owner } = crowded({ audit: 'on' });
    world.send(owner, 'closeSession', {});
    const told = new Set<string | undefined>();
    for (let i = 0; i < inParts.length; i += 1) {
      world.perform();
      world.persist();
      for (const { operation, path } of world.replica.outbox.audit) told.add(`${operation} ${path}`);
    }
    expect(told.size).toBe(MANY);
    expect(told).toContain('ephemeralZNodeDeletionOnSessionCloseOrExpire /e2499');
  });
});

test('a connection that is to be closed stays so when the end of its session is given up', () => {
  const world = new World();
  const client = world.connect({ timeoutMs: 4000 });
  world.send(client, 'create', { ...znode('/large', createFlags.persistent), data: Buffer.alloc(500_000) });
  for (let i = 0; i < 30; i += 1) world.send(client, 'getData', { path: '/large', watch: false });
  world.frame(client, client.malformed('createSession', Buffer.alloc(0)));
  world.turn();
  world.pass(7000);
  world.perform();
  world.failDisk();
  world.step({ kind: 'journal_recovered' });
  world.send(client, 'create', znode('/late', createFlags.persistent));
  expect(kindsOf([world.turn()])).toEqual([]);
});
