import { describe, expect, test } from '@jest/globals';
import { childrenIn, engineKinds, eventually, temporaryDirectory } from '@reeve/testkit';
import { gathered } from './company/gathered.ts';
import type { Library, Tool } from './company/member.ts';
import { openRoom, roomFacts } from './company/reeve/room.ts';

const INCREMENTS = 40;
const TURN_MS_MAX = 30_000;

/** Which of the others take part beside us. */
type Others = readonly Exclude<Library, 'reeve'>[];

describe.each(engineKinds)('znodes shared by several libraries on $name', ({ start }) => {
  const here = gathered(start);

  /** A tool of each, at one path. */
  async function tools(others: Others, kind: string, options: Readonly<Record<string, unknown>> = {}) {
    const path = here.freshPath;
    const all = [...others, 'reeve'] as const;
    const opened = await Promise.all(all.map((library) => here.company[library].open(kind, path, options)));
    return { path, tools: opened as unknown as [Tool, Tool, ...Tool[]] };
  }

  const increment = (all: readonly Tool[]) =>
    Promise.all(all.map((tool) => tool.ask('increments', { rounds: INCREMENTS })));

  test("Curator's SharedValue: nobody's change is lost, and all see the last", async () => {
    const { tools: all } = await tools(['curator'], 'value', { initial: '0' });
    await increment(all);
    for (const tool of all) {
      await eventually(async () => (await tool.ask('get')) === String(INCREMENTS * 2), { what: 'all see the last' });
    }
  });

  test("kazoo's Counter: no addition is lost", async () => {
    const { tools: all } = await tools(['kazoo'], 'counter');
    // Ours makes the znode, in a form that kazoo can read.
    expect(await all.at(-1)?.ask('get')).toBe(0);
    await increment(all);
    for (const tool of all) expect(await tool.ask('get')).toBe(INCREMENTS * 2);
  });

  test(
    "Curator's DistributedBarrier and kazoo's Barrier: whoever closes it holds all, whoever opens it frees all",
    async () => {
      const { path, tools: all } = await tools(['curator', 'kazoo'], 'barrier');
      for (const [i, closing] of all.entries()) {
        await closing.ask('close');
        const others = all.filter((tool) => tool !== closing);
        const waiting = Promise.all(others.map((tool) => tool.ask('wait')));
        expect(await here.witness.exists(path)).toBeDefined();
        const another = await here.company.reeve.open('barrier', path);
        if (i < 2) await another.ask('open_up');
        else await (await here.company.curator.open('barrier', path)).ask('open_up');
        await waiting;
      }
    },
    TURN_MS_MAX,
  );

  test.each([['curator'], ['kazoo']] as const)(
    'a double barrier of %s: all enter, all leave',
    async (other) => {
      const { path, tools: all } = await tools([other], 'double_barrier', { size: 2 });
      for (let round = 0; round < 3; round += 1) {
        const [first, second] = round % 2 === 0 ? all : [...all].reverse();
        const entering = first?.ask('enter');
        await eventually(async () => (await here.witness.getChildren(path)).length === 1, { what: 'one waits' });
        await Promise.all([entering, second?.ask('enter')]);
        const names = await here.witness.getChildren(path);
        expect(names.filter((name) => name !== 'ready')).toHaveLength(2);
        await Promise.all(all.map((tool) => tool.ask('leave')));
      }
      expect(await childrenIn(here.witness, path)).toEqual([]);
    },
    TURN_MS_MAX,
  );

  test(
    "Curator's GroupMember: each sees the other come and go",
    async () => {
      const path = here.freshPath;
      const { curator, reeve } = here.company;
      const theirs = await curator.open('group', path, { name: 'theirs' });
      const ours = await reeve.open('group', path, { name: 'ours' });
      for (const tool of [theirs, ours]) await tool.ask('join');
      const see = (tool: Tool, ...names: readonly string[]) =>
        eventually(async () => [...((await tool.ask('members')) as string[])].sort().join() === names.join(), {
          what: `${names} are seen`,
        });
      await see(theirs, 'ours', 'theirs');
      await see(ours, 'ours', 'theirs');
      await ours.ask('leave');
      await see(theirs, 'theirs');
      const again = await reeve.open('group', path, { name: 'again' });
      await again.ask('join');
      await see(theirs, 'again', 'theirs');
      await theirs.ask('leave');
      await see(again, 'again');
      await again.ask('leave');
    },
    TURN_MS_MAX,
  );

  test(
    "kazoo's Party: each sees the other come and go",
    async () => {
      const path = here.freshPath;
      const theirs = await here.company.kazoo.open('group', path, { name: 'theirs' });
      // A name that kazoo takes for one of its own.
      const ours = await here.company.reeve.open('group', path, { name: 'ours__party__' });
      for (const tool of [theirs, ours]) await tool.ask('join');
      await eventually(
        async () => expect(await theirs.ask('members')).toEqual(['ours__party__', 'theirs']) === undefined,
        {
          what: 'kazoo sees both',
        },
      );
      const names = () => ours.ask('members') as Promise<string[]>;
      await eventually(async () => (await names()).filter((name) => name.endsWith('__party__')).length === 2, {
        what: 'both are seen',
      });
      await theirs.ask('leave');
      await eventually(async () => (await names()).join() === 'ours__party__', { what: 'one is seen' });
      await ours.ask('leave');
      await eventually(async () => ((await theirs.ask('members')) as string[]).length === 0, {
        what: 'nobody is seen',
      });
    },
    TURN_MS_MAX,
  );

  test("Curator's PersistentNode: who wants the same znode has it when the other one gives it up", async () => {
    const path = here.freshPath;
    const says = async (text: string) => {
      const is = async () => String((await here.witness.getData(path)).data) === text;
      await eventually(is, { what: `it says ${text}` });
    };
    const theirs = await here.company.curator.open('node', path, { data: 'theirs' });
    await theirs.ask('start');
    const ours = await here.company.reeve.open('node', path, { data: 'ours' });
    const starting = ours.ask('start');
    await says('theirs');
    await theirs.ask('close');
    await starting;
    await says('ours');
    await here.witness.delete(path);
    await says('ours');
    await ours.ask('close');
    expect(await here.witness.exists(path)).toBeUndefined();
  });

  test.each([
    ['curator', 'reeve'],
    ['reeve', 'curator'],
  ] as const)('a mutex: %s asks %s to give it back', async (asking, holding) => {
    const path = here.freshPath;
    const holder = await here.company[holding].open('mutex', path);
    await holder.ask('acquire');
    const other = await here.company[asking].open('mutex', path);
    await other.ask('revoke');
    await eventually(async () => (await holder.ask('asked')) === 1, { what: 'the holder is asked' });
    await holder.ask('release');
  });

  test(
    "Curator's InterProcessSemaphoreV2 with a SharedCount: both follow the count, and never are more at work",
    async () => {
      const path = here.freshPath;
      const options = { limit: 1, limitPath: `${path}/count` };
      const curators = await Promise.all(
        [1, 2].map(() => here.company.curator.open('followed_semaphore', path, options)),
      );
      const ours = await Promise.all([1, 2].map(() => here.company.reeve.open('semaphore', path, options)));
      await curators[0]?.ask('acquire');
      const second = ours[0]?.ask('acquire');
      await eventually(async () => (await here.witness.getChildren(`${path}/leases`)).length === 2, {
        what: 'we wait',
      });
      await ours[1]?.ask('resize', { limit: 2 });
      await second;
      const third = curators[1]?.ask('acquire');
      await eventually(async () => (await here.witness.getChildren(`${path}/leases`)).length === 3, {
        what: 'Curator waits',
      });
      await ours[1]?.ask('resize', { limit: 3 });
      await third;
      for (const tool of [curators[0], curators[1], ours[0]]) await tool?.ask('release');
      await ours[1]?.ask('resize', { limit: 2 });
      const room = await openRoom(temporaryDirectory());
      const told = { rounds: 10, room, as: 'shared', limit: 2 };
      await Promise.all([...curators, ...ours].map((tool) => tool.ask('rounds', told)));
      expect(await roomFacts(room)).toEqual({ count: 0, met: [] });
    },
    TURN_MS_MAX,
  );

  describe("a queue that is kazoo's LockingQueue", () => {
    async function queues() {
      const path = here.freshPath;
      const kazoo = await here.company.kazoo.open('queue', path);
      const reeve = await here.company.reeve.open('queue', path);
      return { path, kazoo, reeve };
    }

    test('each takes what the other has put, the most urgent first', async () => {
      const { kazoo, reeve } = await queues();
      for (const [from, to] of [
        [kazoo, reeve],
        [reeve, kazoo],
      ] as const) {
        await from.ask('put', { data: 'later' });
        await from.ask('put', { data: 'urgent', priority: 7 });
        await from.ask('put', { data: 'last' });
        expect(await to.ask('drain', { seconds: 3 })).toEqual(['urgent', 'later', 'last']);
      }
    });

    test('what one holds, the other does not get, until it is given back', async () => {
      const { kazoo, reeve } = await queues();
      for (const [holder, other] of [
        [kazoo, reeve],
        [reeve, kazoo],
      ] as const) {
        await reeve.ask('put', { data: 'held' });
        expect(await holder.ask('take', { seconds: 20 })).toBe('held');
        expect(await other.ask('drain', { seconds: 0.2 })).toEqual([]);
        const taking = other.ask('take', { seconds: 20 });
        await holder.ask('give_back');
        expect(await taking).toBe('held');
        await other.ask('done');
      }
    });

    test(
      'of what both put and take at once, each item is taken once',
      async () => {
        const { path, kazoo, reeve } = await queues();
        const items = Array.from({ length: 60 }, (_, i) => String(i));
        const put = items.map((data, i) => (i % 2 === 0 ? kazoo : reeve).ask('put', { data }));
        const takers = [await here.company.kazoo.open('queue', path), await here.company.reeve.open('queue', path)];
        const taking = takers.map((taker) => taker.ask('drain', { seconds: 1 }) as Promise<string[]>);
        await Promise.all(put);
        const taken = (await Promise.all(taking)).flat();
        expect(taken.sort((a, b) => Number(a) - Number(b))).toEqual(items);
      },
      TURN_MS_MAX,
    );

    test.each([
      ['kazoo', 'reeve'],
      ['reeve', 'kazoo'],
    ] as const)(
      'what %s held when it was killed comes back to %s',
      async (victim, heir) => {
        const { path, reeve } = await queues();
        const mortal = await here.one(victim);
        const holder = await mortal.open('queue', path);
        await reeve.ask('put', { data: 'inherited' });
        expect(await holder.ask('take', { seconds: 20 })).toBe('inherited');
        const next = await here.company[heir].open('queue', path);
        const taking = next.ask('take', { seconds: 20 });
        await mortal.kill();
        expect(await taking).toBe('inherited');
        await next.ask('done');
      },
      TURN_MS_MAX,
    );
  });

  describe("Curator's ServiceDiscovery", () => {
    const service = { name: 'api', address: '10.0.0.7', port: 8080 };

    test('each sees the instances of the other, and reads what they say', async () => {
      const {
        path,
        tools: [theirs, ours],
      } = await tools(['curator'], 'services');
      await theirs.ask('register', { ...service, instance: 'theirs' });
      await ours.ask('register', { ...service, instance: 'ours', metadata: { zone: 'a' } });
      expect(await theirs.ask('names')).toEqual(['api']);
      expect(await ours.ask('names')).toEqual(['api']);
      const seen = (await theirs.ask('list', { name: 'api' })) as { id: string }[];
      const [first, second] = seen.sort((a, b) => (a.id < b.id ? -1 : 1));
      const same = { address: '10.0.0.7', port: 8080, enabled: true };
      expect(first).toEqual({ ...same, id: 'ours', payload: '{zone=a}', uri: 'http://10.0.0.7:8080' });
      expect(second).toEqual({ ...same, id: 'theirs', payload: 'null', uri: '' });
      expect(await ours.ask('list', { name: 'api' })).toMatchObject([
        { id: 'ours', address: '10.0.0.7', port: 8080, metadata: { zone: 'a' } },
        { id: 'theirs', address: '10.0.0.7', port: 8080, state: 'up' },
      ]);
      expect(await here.witness.getChildren(`${path}/api`)).toHaveLength(2);
    });

    test('one that drains is not enabled for Curator, and one that leaves is gone for both', async () => {
      const {
        tools: [theirs, ours],
      } = await tools(['curator'], 'services');
      await theirs.ask('register', { ...service, instance: 'theirs' });
      await ours.ask('register', { ...service, instance: 'ours' });
      void ours.ask('drain', { instance: 'ours' });
      const enabled = async () => {
        const all = (await theirs.ask('list', { name: 'api' })) as { id: string; enabled: boolean }[];
        return all.filter((one) => one.enabled).map(({ id }) => id);
      };
      await eventually(async () => (await enabled()).join() === 'theirs', { what: 'Curator passes it over' });
    });

    test.each([
      ['curator', 'reeve'],
      ['reeve', 'curator'],
    ] as const)(
      'an instance of %s that is killed is gone for %s',
      async (victim, other) => {
        const path = here.freshPath;
        const mortal = await here.one(victim);
        await (await mortal.open('services', path)).ask('register', { ...service, instance: 'mortal' });
        const looking = await here.company[other].open('services', path);
        const instances = async () => ((await looking.ask('list', { name: 'api' })) as unknown[]).length;
        expect(await instances()).toBe(1);
        await mortal.kill();
        await eventually(async () => (await instances()) === 0, { what: 'it is gone' });
      },
      TURN_MS_MAX,
    );
  });
});
