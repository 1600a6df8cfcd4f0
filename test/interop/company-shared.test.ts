import { describe, expect, test } from '@jest/globals';
import { engineKinds, eventually } from '@reeve/testkit';
import { gathered } from './company/gathered.ts';
import type { Library, Tool } from './company/member.ts';

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
    return { path, tools: opened as [Tool, ...Tool[]] };
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
      expect(await here.witness.getChildren(path)).toEqual([]);
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
});
