import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Client, connect, createClient } from '@reeve/client';
import {
  type ConfigEvent,
  ConfigFollower,
  ConfigHistory,
  ConfigPublisher,
  ConfigReader,
  ConfigRollouts,
  ConfigSchemas,
  type FollowerOptions,
  type FollowerState,
  type SessionSource,
  type SettingEvent,
} from '@reeve/configuration';
import {
  atTestEnd,
  behind,
  childrenIn,
  type Engine,
  engineKinds,
  eventually,
  type FaultProxy,
  freePort,
  seededRandom,
  startFaultProxy,
  temporaryDirectory,
} from '@reeve/testkit';
import { z } from 'zod';

const SESSION_MS = 2_000;

describe.each(engineKinds)('the configuration centre on $name', ({ start }) => {
  let engine: Engine;
  let proxy: FaultProxy;
  let witness: Client;
  let path: string;
  let publisher: ConfigPublisher;
  let rollouts: ConfigRollouts;
  let nth = 0;

  const client = (servers: string) => createClient({ servers, sessionTimeoutMs: SESSION_MS, connectTimeoutMs: 500 });

  async function open(servers: string): Promise<Client> {
    const opened = await connect({ servers, sessionTimeoutMs: SESSION_MS, connectTimeoutMs: 500 });
    atTestEnd(() => opened.close());
    return opened;
  }

  function follow(source: SessionSource, options: Partial<FollowerOptions> = {}) {
    const follower = new ConfigFollower(source, { path, follow: ['billing'], ...options });
    const events: ConfigEvent[] = [];
    follower.events.subscribe((event) => events.push(event));
    atTestEnd(() => follower.stop());
    const changes = () => events.flatMap((event) => (event.kind === 'changed' ? [event] : []));
    return { follower, events, changes };
  }

  const has = (follower: ConfigFollower, key: string, value: unknown) =>
    eventually(() => JSON.stringify(follower.get(key)) === JSON.stringify(value), {
      what: `${key} is ${JSON.stringify(value)}`,
    });

  const is = (follower: ConfigFollower, state: FollowerState) =>
    eventually(() => follower.state === state, { what: `the follower is ${state}` });

  /** Every znode below a path. */
  async function below(root: string): Promise<readonly string[]> {
    const names = await witness.getChildren(root).catch(() => []);
    const deeper = await Promise.all(names.map((name) => below(`${root}/${name}`)));
    return [...names.map((name) => `${root}/${name}`), ...deeper.flat()];
  }

  beforeAll(async () => {
    engine = await start({ tickMs: 500 });
    witness = await connect({ servers: engine.address, sessionTimeoutMs: 10_000 });
    atTestEnd(() => witness.close());
  }, 60_000);

  beforeEach(async () => {
    proxy = await startFaultProxy(engine.port);
    nth += 1;
    path = `/configuration-${nth}/config`;
    publisher = new ConfigPublisher(witness, { path, author: 'ada' });
    rollouts = new ConfigRollouts(witness, { path, author: 'ada' });
  });

  describe('a publish', () => {
    test('reaches who follows the keys, with old and new values, and nobody else', async () => {
      await publisher.publish({ set: { 'billing/limits/max': 5, 'billing/name': 'x', 'other/key': true } });
      const billing = follow(await open(engine.address));
      const other = follow(await open(engine.address), { follow: ['other/key'] });
      await billing.follower.start();
      await other.follower.start();
      expect(billing.follower.get('billing')).toEqual({ limits: { max: 5 }, name: 'x' });
      const { revision } = await publisher.publish(
        { set: { 'billing/limits/max': 6 }, remove: ['billing/name'] },
        { comment: 'more' },
      );
      await has(billing.follower, 'billing', { limits: { max: 6 } });
      expect(billing.changes()).toEqual([
        {
          kind: 'changed',
          author: 'ada',
          comment: 'more',
          changes: [
            { key: 'billing/limits/max', before: 5, after: 6 },
            { key: 'billing/name', before: 'x', after: undefined },
          ],
        },
      ]);
      expect([billing.follower.version('billing/limits/max'), other.changes()]).toEqual([revision, []]);
    });

    test('of several keys is seen as one, also by who follows several trees', async () => {
      const { follower, changes } = follow(await open(engine.address), { follow: ['left', 'right'] });
      await follower.start();
      const torn: unknown[] = [];
      follower.events.subscribe(() => {
        if (follower.get('left/n') !== follower.get('right/n')) torn.push(follower.values);
      });
      for (let n = 1; n <= 30; n += 1) await publisher.publish({ set: { 'left/n': n, 'right/n': n } });
      await has(follower, 'right/n', 30);
      expect(torn).toEqual([]);
      expect(changes().every((event) => event.changes.length === 2)).toBe(true);
    });

    test('reaches who follows everything, in scopes that were not there before', async () => {
      const { follower } = follow(await open(engine.address), { follow: [] });
      await follower.start();
      expect(follower.values.size).toBe(0);
      await publisher.publish({ set: { 'a/b': 'text', c: [1, null] } });
      await publisher.publish({ set: { 'd/e': { f: 1 } } });
      await has(follower, 'd/e', { f: 1 });
      expect(Object.fromEntries(follower.values)).toEqual({ 'a/b': 'text', c: [1, null], 'd/e': { f: 1 } });
    });

    test('is read as a whole, also when it makes a scope while that is read', async () => {
      await publisher.publish({ set: { 'a/n': 1 } });
      let meanwhile = async () => {
        meanwhile = async () => undefined;
        await publisher.publish({ set: { 'a/n': 2, 'b/n': 2 } });
      };
      const reader = new ConfigReader(
        behind(witness, 'multiRead', () => meanwhile()),
        { path },
      );
      expect(await reader.read()).toMatchObject([
        { key: 'a/n', value: 2 },
        { key: 'b/n', value: 2 },
      ]);
    });

    test('that expects another version is refused', async () => {
      const first = await publisher.publish({ set: { 'billing/max': 1 } }, { expected: { 'billing/max': 0 } });
      await publisher.publish({ set: { 'billing/max': 2 } }, { expected: { 'billing/max': first.revision } });
      const late = publisher.publish({ set: { 'billing/max': 3 } }, { expected: { 'billing/max': first.revision } });
      await expect(late).rejects.toMatchObject({ code: 'version_conflict', facts: { found: 2 } });
    });

    test('of many publishers at once is none lost', async () => {
      const clients = await Promise.all([1, 2, 3, 4].map(() => open(engine.address)));
      const all = clients.map(async (own, i) => {
        const one = new ConfigPublisher(own, { path });
        for (let n = 0; n < 10; n += 1) await one.publish({ set: { [`billing/p${i}`]: n } });
      });
      await Promise.all(all);
      const versions = await new ConfigHistory(witness, { path }).list('billing');
      expect(versions.map(({ version }) => version)).toEqual(Array.from({ length: 40 }, (_, i) => 40 - i));
    });

    test('is made once, and none is lost, while the connection is cut again and again', async () => {
      const unlucky = new ConfigPublisher(await open(proxy.address), { path, historyMax: 100 });
      const random = seededRandom(5);
      const values = Array.from({ length: 40 }, (_, n) => n);
      for (const n of values) {
        const publishing = unlucky.publish({ set: { 'billing/max': n, 'other/max': n } });
        const cut = setTimeout(() => proxy.cut(), random() * 25);
        await publishing;
        clearTimeout(cut);
      }
      const versions = await new ConfigHistory(witness, { path }).list('billing/max');
      expect(versions.map(({ value }) => value)).toEqual(values.toReversed());
    });

    test('is called off by a signal', async () => {
      await publisher.publish({ set: { a: 1 } });
      const cut = new ConfigPublisher(await open(proxy.address), { path });
      await proxy.refuse();
      await expect(cut.publish({ set: { a: 2 } }, { timeoutMs: 200 })).rejects.toMatchObject({
        code: 'deadline_exceeded',
      });
    });

    test.each([
      ['a key that is none', { set: { 'a//b': 1 } }, 'key_invalid'],
      ['a key above another', { set: { 'a/b': 1, a: 1 } }, 'key_conflict'],
      ['a key below another', { set: { 'billing/max/soft': 1 } }, 'key_conflict'],
      ['the end of a key that is not there', { remove: ['billing/none'] }, 'key_unknown'],
      ['a value that is no JSON', { set: { 'a/b': Number.NaN } }, 'value_unfit'],
      ['nothing', {}, 'nothing_to_change'],
      ['more than a transaction takes', { set: { 'a/b': 'x'.repeat(500_000) } }, 'too_large'],
    ])('of %s is refused', async (_what, changes, code) => {
      await publisher.publish({ set: { 'billing/max': 1 } });
      const publish = async () => publisher.publish(changes as never);
      await expect(publish()).rejects.toMatchObject({ code });
    });
  });

  describe('a schema', () => {
    test('of a key or a tree refuses what does not fit, with the place and the reason', async () => {
      const schemas = new ConfigSchemas(witness, { path });
      await schemas.set('billing', {
        type: 'object',
        required: ['currency'],
        additionalProperties: false,
        properties: { currency: { enum: ['EUR', 'USD'] }, limits: { type: 'object' } },
      });
      await schemas.set('billing/limits/max', { type: 'integer', maximum: 10 });
      await expect(publisher.publish({ set: { 'billing/limits/max': 5 } })).rejects.toThrow(/currency/);
      await publisher.publish({ set: { 'billing/limits/max': 5, 'billing/currency': 'EUR' } });
      await expect(publisher.publish({ set: { 'billing/limits/max': 11 } })).rejects.toMatchObject({
        code: 'value_invalid',
        message: 'billing/limits/max is refused by the schema of billing/limits/max: must be <= 10',
      });
      await expect(publisher.publish({ remove: ['billing/currency'] })).rejects.toMatchObject({
        code: 'value_invalid',
      });
      await expect(publisher.publish({ set: { 'billing/colour': 1 } })).rejects.toThrow(
        /additional properties.*colour/,
      );
      await expect(schemas.set('billing/limits', { maxProperties: 0 })).rejects.toMatchObject({
        code: 'value_invalid',
      });
      await expect(schemas.set('x', { type: 'wrong' })).rejects.toMatchObject({ code: 'schema_invalid' });
      await schemas.remove('billing/limits/max');
      await publisher.publish({ set: { 'billing/limits/max': 11 } });
      expect(Object.keys(await schemas.list())).toEqual(['billing']);
    });
  });

  describe('the history', () => {
    test('says who made what of a key, and when', async () => {
      await publisher.publish({ set: { 'billing/max': 1, 'billing/min': 0 } }, { comment: 'first' });
      await publisher.publish({ remove: ['billing/max'] });
      const versions = await new ConfigHistory(witness, { path }).list('billing/max');
      expect(versions).toMatchObject([
        { version: 2, before: 'present', author: 'ada' },
        { version: 1, value: 1, before: 'absent', comment: 'first', keys: ['billing/max', 'billing/min'] },
      ]);
      expect(Math.abs((versions[0]?.at ?? 0) - Date.now())).toBeLessThan(60_000);
    });

    test('goes back to a version of several keys in one publish, and forward again', async () => {
      await publisher.publish({ set: { 'billing/a': 1, 'billing/b': 1 } });
      await publisher.publish({ set: { 'billing/a': 2, 'billing/c': 2 } });
      await publisher.publish({ remove: ['billing/b'] });
      const { follower } = follow(witness);
      await follower.start();
      await publisher.rollback({ keys: ['billing'], to: 1 });
      await has(follower, 'billing', { a: 1, b: 1 });
      await publisher.rollback({ keys: ['billing/c', 'billing/a'], to: 3 });
      await has(follower, 'billing', { a: 2, b: 1, c: 2 });
      await publisher.rollback({ keys: ['billing'] });
      await has(follower, 'billing', { a: 1, b: 1 });
      await expect(publisher.rollback({ keys: ['billing'], to: 1 })).rejects.toMatchObject({
        code: 'nothing_to_change',
      });
    });

    test('keeps so many versions and no more, and says when it does not reach back far enough', async () => {
      const brief = new ConfigPublisher(witness, { path, historyMax: 3 });
      for (let n = 1; n <= 6; n += 1) await brief.publish({ set: { 'billing/max': n } });
      expect(await witness.getChildren(`${path}/history/billing:max`)).toHaveLength(3);
      await expect(brief.rollback({ keys: ['billing/max'], to: 2 })).rejects.toMatchObject({ code: 'version_unknown' });
      await expect(brief.rollback({ keys: ['nothing'] })).rejects.toMatchObject({ code: 'key_unknown' });
    });
  });

  describe('a roll-out', () => {
    async function fleet() {
      const zones = ['a', 'a', 'b', 'b', 'b', 'b'];
      const followers = zones.map((zone, i) => follow(witness, { id: `host-${i}`, labels: { zone } }).follower);
      await publisher.publish({ set: { 'billing/max': 1 } });
      await Promise.all(followers.map((follower) => follower.start()));
      return followers;
    }

    const values = (followers: readonly ConfigFollower[]) => followers.map((follower) => follower.get('billing/max'));

    const become = (followers: readonly ConfigFollower[], wanted: readonly unknown[]) =>
      eventually(() => values(followers).join() === wanted.join(), { what: `the values are ${wanted.join()}` });

    test('reaches those with a label, then a share of all, then everybody', async () => {
      const followers = await fleet();
      await rollouts.begin({ set: { 'billing/max': 2 } }, { labels: { zone: 'a' } }, { comment: 'try' });
      await become(followers, [2, 2, 1, 1, 1, 1]);
      const applied = async () => {
        const { followers: all } = await rollouts.status('billing/max');
        return all.map(({ state }) => state).join();
      };
      await eventually(async () => (await applied()) === 'applied,applied,kept,kept,kept,kept', {
        what: 'two of six have it',
      });
      await rollouts.advance('billing', { share: 0.5 });
      await eventually(() => values(followers).filter((value) => value === 2).length > 0, { what: 'a share has it' });
      const { revision } = await publisher.publish({ set: { 'billing/else': 1 } });
      const version = await rollouts.complete('billing/max');
      await become(followers, [2, 2, 2, 2, 2, 2]);
      expect(version).toBe(revision + 1);
      await eventually(() => followers[0]?.version('billing/max') === version, { what: 'its version is known' });
      const [last] = await new ConfigHistory(witness, { path }).list('billing/max');
      expect(last).toMatchObject({ value: 2, comment: 'try', version });
      expect(await rollouts.list()).toEqual([]);
    });

    test('that is aborted gives back what was', async () => {
      const followers = await fleet();
      await rollouts.begin({ set: { 'billing/max': 2 } }, { labels: { zone: 'b' } });
      await become(followers, [1, 1, 2, 2, 2, 2]);
      await rollouts.abort('billing/max');
      await become(followers, [1, 1, 1, 1, 1, 1]);
      await expect(rollouts.complete('billing/max')).rejects.toMatchObject({ code: 'rollout_unknown' });
    });

    test('is not completed against a schema that came while it was under way', async () => {
      await rollouts.begin({ set: { 'billing/max': 'many' } }, { share: 0.1 });
      await new ConfigSchemas(witness, { path }).set('billing', { additionalProperties: { type: 'number' } });
      await expect(rollouts.complete('billing/max')).rejects.toMatchObject({ code: 'value_invalid' });
      await rollouts.abort('billing');
    });

    test('keeps others from its keys, but not from the keys beside them', async () => {
      await publisher.publish({ set: { 'billing/max': 1 } });
      await rollouts.begin({ set: { 'billing/max': 2 } }, { share: 0.1 });
      await expect(publisher.publish({ set: { 'billing/max': 3 } })).rejects.toMatchObject({
        code: 'rollout_under_way',
      });
      await expect(rollouts.begin({ set: { 'billing/min': 3 } }, {})).rejects.toMatchObject({
        code: 'rollout_under_way',
      });
      await publisher.publish({ set: { 'billing/min': 3, 'other/x': 1 } });
      const late = follow(witness, { follow: [], labels: {}, id: 'late' }).follower;
      await late.start();
      await rollouts.advance('billing/max', {});
      await has(late, 'billing', { max: 2, min: 3 });
      await expect(rollouts.advance('billing', { share: 2 })).rejects.toMatchObject({ code: 'stage_invalid' });
    });
  });

  describe('a follower', () => {
    test('whose connection was cut misses nothing', async () => {
      await publisher.publish({ set: { 'billing/max': 1 } });
      const { follower, events } = follow(await open(proxy.address));
      await follower.start();
      await proxy.refuse();
      await is(follower, 'stale');
      for (const n of [2, 3]) await publisher.publish({ set: { 'billing/max': n } });
      expect(follower.get('billing/max')).toBe(1);
      await proxy.accept();
      await has(follower, 'billing/max', 3);
      await is(follower, 'ready');
      expect(events.filter(({ kind }) => kind === 'changed')).toMatchObject([{ changes: [{ before: 1, after: 3 }] }]);
      await publisher.publish({ set: { 'billing/max': 4 } });
      await has(follower, 'billing/max', 4);
    });

    test('keeps its values when its session is over, and with a way to open sessions goes on', async () => {
      await publisher.publish({ set: { 'billing/max': 1 } });
      const bound = follow(await open(proxy.address));
      const steady = follow(() => client(proxy.address));
      await Promise.all([bound.follower.start(), steady.follower.start()]);
      const reports = async () => (await witness.getChildren(`${path}/followers`)).length;
      await eventually(async () => (await reports()) === 2, { what: 'both report' });
      await proxy.refuse();
      await publisher.publish({ set: { 'billing/max': 2 } });
      await eventually(async () => (await reports()) === 0, { what: 'the sessions have expired' });
      await proxy.accept();
      await is(bound.follower, 'lost');
      expect(bound.follower.get('billing/max')).toBe(1);
      expect(bound.events.at(-2)).toMatchObject({ kind: 'lost', cause: { code: 'session_over' } });
      await has(steady.follower, 'billing/max', 2);
      await is(steady.follower, 'ready');
      await eventually(async () => (await reports()) === 1, { what: 'it reports again' });
    });

    test('is lost, and says why, when no further session can be opened', async () => {
      const own = [client(engine.address)];
      const { follower, events } = follow(() => own.pop() ?? fail());
      const fail = () => {
        throw new RangeError('no such server');
      };
      const first = own[0];
      await follower.start();
      await first?.close();
      await is(follower, 'lost');
      expect(events.at(-2)).toEqual({ kind: 'lost', cause: expect.any(RangeError) });
    });

    test('makes typed settings, which keep the last value that fitted', async () => {
      await publisher.publish({ set: { 'billing/limits/max': 5 } });
      const { follower } = follow(witness);
      const max = follower.follow('billing/limits/max', z.int().positive(), 1);
      const all = follower.follow('billing', z.object({ limits: z.object({ max: z.number() }) }), {
        limits: { max: 0 },
      });
      const told: SettingEvent<number>[] = [];
      max.events.subscribe((event) => told.push(event));
      await follower.start();
      for (const value of [-1, 6]) await publisher.publish({ set: { 'billing/limits/max': value } });
      await publisher.publish({ remove: ['billing/limits/max'] });
      await has(follower, 'billing', undefined);
      expect(told).toEqual([
        { kind: 'changed', before: 1, after: 5 },
        { kind: 'refused', value: -1, problem: expect.stringContaining('Too small') },
        { kind: 'changed', before: 5, after: 6 },
        { kind: 'changed', before: 6, after: 1 },
      ]);
      expect([max.value, max.problem, all.value]).toEqual([1, undefined, { limits: { max: 0 } }]);
    });

    test('starts from its file while no server answers, and catches up when one does', async () => {
      const file = join(temporaryDirectory(), 'known.json');
      await publisher.publish({ set: { 'billing/max': 1, 'billing/name': 'x' } });
      const before = follow(witness, { file });
      await before.follower.start();
      await before.follower.stop();
      await publisher.publish({ set: { 'billing/max': 2 } });
      await proxy.refuse();
      const { follower, changes } = follow(() => client(proxy.address), { file, patienceMs: 100 });
      await follower.start();
      expect([follower.state, follower.get('billing')]).toEqual(['stale', { max: 1, name: 'x' }]);
      await proxy.accept();
      await is(follower, 'ready');
      expect(changes()).toEqual([{ kind: 'changed', changes: [{ key: 'billing/max', before: 1, after: 2 }] }]);
    });

    test('does not believe a file that is damaged', async () => {
      const file = join(temporaryDirectory(), 'known.json');
      await publisher.publish({ set: { 'billing/max': 1 } });
      const before = follow(witness, { file });
      await before.follower.start();
      await before.follower.stop();
      writeFileSync(file, readFileSync(file, 'utf8').replace('"billing/max",1', '"billing/max",7'));
      const down = `127.0.0.1:${await freePort()}`;
      const { follower, events } = follow(() => client(down), { file, patienceMs: 0 });
      await expect(follower.start({ timeoutMs: 500 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      expect(events).toContainEqual(expect.objectContaining({ kind: 'failed', what: 'file' }));
    });

    test('takes all its watches and its report back when it stops', async () => {
      await publisher.publish({ set: { 'billing/max': 1 } });
      const own = await open(engine.address);
      const { follower } = follow(own, { follow: [] });
      await follower.start();
      await eventually(async () => (await witness.getChildren(`${path}/followers`)).length === 1, {
        what: 'it reports',
      });
      await follower.stop();
      expect(await childrenIn(witness, `${path}/followers`)).toEqual([]);
      await expect(own.removeWatches(`${path}/scopes`, 'any')).rejects.toMatchObject({ code: 'no_watcher' });
      await expect(own.removeWatches(`${path}/scopes/billing`, 'any')).rejects.toMatchObject({ code: 'no_watcher' });
      expect(follower.state).toBe('stopped');
    });

    test('leaves nothing behind by itself: as many znodes as before', async () => {
      await publisher.publish({ set: { 'billing/max': 1 } });
      const before = await below(path);
      const followers = Array.from({ length: 5 }, () => follow(witness).follower);
      await Promise.all(followers.map((follower) => follower.start()));
      await Promise.all(followers.map((follower) => follower.stop()));
      expect(await below(path)).toEqual(before);
    });
  });
});
