import { beforeAll, describe, expect, test } from '@jest/globals';
import { engineKinds, eventually, temporaryDirectory } from '@reeve/testkit';
import { type Company, gathered, START_MS_MAX } from './company/gathered.ts';
import { type Death, deaths, type Line, lines, type Seat } from './company/lines.ts';
import type { Tool } from './company/member.ts';
import { openRoom, roomFacts } from './company/reeve/room.ts';

const ROUNDS = 15;
const TURN_MS_MAX = 30_000;

describe.each(engineKinds)('one line of several libraries on $name', ({ start }) => {
  const here = gathered(start);

  const pathFor = ({ seats }: Line) =>
    seats.some(({ library }) => library === 'kazoo') ? here.standingPath() : here.freshPath;

  const take = (from: Company, { library, kind, options }: Seat, path: string) =>
    from[library].open(kind, path, { limit: 1, ...options });

  /** Waits until so many stand in a line. An empty one may be gone: the servers remove it after a time. */
  async function stand({ below = '' }: Line, path: string, many: number): Promise<void> {
    const inLine = async () => (await here.witness.exists(`${path}${below}`))?.numChildren ?? 0;
    await eventually(async () => (await inLine()) === many, { what: `${many} stand in line` });
  }

  /** Has one wait for what another one has; says what became of its wish so far. */
  async function waits(line: Line, path: string, tool: Tool) {
    const wish = { had: false, granted: Promise.resolve() };
    wish.granted = tool.ask('acquire').then(() => {
      wish.had = true;
    });
    wish.granted.catch(() => undefined);
    await stand(line, path, 2);
    return wish;
  }

  describe.each(lines)('$title', (line) => {
    const exclusive = line.seats.filter(({ as }) => as !== 'shared').length;

    test(
      'take turns, and never meet',
      async () => {
        const path = await pathFor(line);
        const room = await openRoom(temporaryDirectory());
        const limit = line.shares ?? line.seats.length;
        const open = (seat: Seat) => take(here.company, { ...seat, options: { ...seat.options, limit } }, path);
        const tools = await Promise.all(line.seats.map(open));
        const told = (seat: Seat | undefined) => ({ rounds: ROUNDS, room, limit, as: seat?.as ?? 'exclusive' });
        await Promise.all(tools.map((tool, i) => tool.ask('rounds', told(line.seats[i]))));
        expect(await roomFacts(room)).toEqual({ count: ROUNDS * exclusive, met: [] });
        await stand(line, path, 0);
      },
      TURN_MS_MAX,
    );

    test(
      'hand over to each other, in every direction',
      async () => {
        const path = await pathFor(line);
        const tools = await Promise.all(line.seats.map((seat) => take(here.company, seat, path)));
        await tools[0]?.ask('acquire');
        for (const [i, holder] of tools.entries()) {
          const wish = await waits(line, path, tools[(i + 1) % tools.length] as Tool);
          await here.witness.sync(path);
          expect(wish.had).toBe(false);
          await holder.ask('release');
          await wish.granted;
        }
        await tools[0]?.ask('release');
        await stand(line, path, 0);
      },
      TURN_MS_MAX,
    );
  });

  test("kazoo's Lock as it is and Curator's InterProcessMutex know nothing of each other", async () => {
    const path = await here.standingPath();
    const kazoo = await here.company.kazoo.open('mutex', path);
    const curator = await here.company.curator.open('mutex', path);
    // Curator compares whole names where it does not find its own words: so all of kazoo's come after its numbers.
    await kazoo.ask('acquire');
    await curator.ask('acquire');
    for (const tool of [kazoo, curator]) await tool.ask('release');
  });

  describe('when a process is killed', () => {
    const granted = new Map<Death, Promise<void>>();

    // All at once, because all of them wait for a session to end.
    beforeAll(async () => {
      const mortal = await here.another();
      for (const death of deaths) {
        const path = await pathFor(death.line);
        await (await take(mortal, death.victim, path)).ask('acquire');
        const wish = await waits(death.line, path, await take(here.company, death.heir, path));
        expect(wish.had).toBe(false);
        granted.set(death, wish.granted);
      }
      await Promise.all(Object.values(mortal).map((member) => member.kill()));
    }, START_MS_MAX);

    test.each(deaths.map((death) => ({ ...death, death })))(
      '$heir.library has it after $victim.library: $title',
      ({ death }) => granted.get(death),
      TURN_MS_MAX,
    );
  });
});
