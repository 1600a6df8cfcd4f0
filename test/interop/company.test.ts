import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Client, connect } from '@reeve/client';
import { atTestEnd, engineKinds, eventually, temporaryDirectory } from '@reeve/testkit';
import { type Line, lines, type Seat } from './company/lines.ts';
import { type Library, Member, type Tool } from './company/member.ts';
import { openRoom, roomFacts } from './company/reeve/room.ts';
import { compileCases, requireJava } from './java.ts';
import { requireKazoo } from './kazoo.ts';

requireJava();
requireKazoo();

const SESSION_MS = 2_000;
const ROUNDS = 15;
const START_MS_MAX = 120_000;
const TURN_MS_MAX = 30_000;
const libraries: readonly Library[] = ['curator', 'kazoo', 'reeve'];

type Company = Readonly<Record<Library, Member>>;

/** Who is killed, and who waits for what it has. */
const deaths = lines.flatMap((line) =>
  line.seats.flatMap((victim) =>
    line.seats.filter(({ library }) => library !== victim.library).map((heir) => ({ line, victim, heir })),
  ),
);

let classes: string;

beforeAll(async () => {
  classes = await compileCases();
}, START_MS_MAX);

describe.each(engineKinds)('in mixed company on $name', ({ start }) => {
  let witness: Client;
  let company: Company;
  let address: string;
  let nth = 0;

  async function gather(): Promise<Company> {
    const options = { address, sessionMs: SESSION_MS, classes };
    const members = await Promise.all(libraries.map((library) => Member.start(library, options)));
    return Object.fromEntries(members.map((member) => [member.library, member])) as Company;
  }

  beforeAll(async () => {
    const engine = await start({ tickMs: 500 });
    address = engine.address;
    witness = await connect({ servers: address, sessionTimeoutMs: SESSION_MS });
    atTestEnd(() => witness.close());
    company = await gather();
  }, START_MS_MAX);

  function freshPath(): string {
    nth += 1;
    return `/company-${nth}/shared`;
  }

  const take = (from: Company, { library, kind, options }: Seat, path: string) =>
    from[library].open(kind, path, { limit: 1, ...options });

  /** Waits until so many stand in a line. */
  const stand = ({ below = '' }: Line, path: string, many: number) =>
    eventually(async () => (await witness.getChildren(`${path}${below}`)).length === many, {
      what: `${many} stand in line`,
    });

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
        const path = freshPath();
        const room = await openRoom(temporaryDirectory());
        const tools = await Promise.all(line.seats.map((seat) => take(company, seat, path)));
        const told = { rounds: ROUNDS, room, limit: line.seats.length };
        await Promise.all(
          tools.map((tool, i) => tool.ask('rounds', { ...told, as: line.seats[i]?.as ?? 'exclusive' })),
        );
        expect(await roomFacts(room)).toEqual({ count: ROUNDS * exclusive, met: [] });
        await stand(line, path, 0);
      },
      TURN_MS_MAX,
    );

    test(
      'hand over to each other, in every direction',
      async () => {
        const path = freshPath();
        const tools = await Promise.all(line.seats.map((seat) => take(company, seat, path)));
        await tools[0]?.ask('acquire');
        for (const [i, holder] of tools.entries()) {
          const next = tools[(i + 1) % tools.length] as Tool;
          const wish = await waits(line, path, next);
          await witness.sync(path);
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

  describe('when a process is killed', () => {
    const granted = new Map<(typeof deaths)[number], Promise<void>>();

    // All at once, because all of them wait for a session to end.
    beforeAll(async () => {
      const mortal = await gather();
      for (const death of deaths) {
        const path = freshPath();
        await (await take(mortal, death.victim, path)).ask('acquire');
        const wish = await waits(death.line, path, await take(company, death.heir, path));
        expect(wish.had).toBe(false);
        granted.set(death, wish.granted);
      }
      await Promise.all(libraries.map((library) => mortal[library].kill()));
    }, START_MS_MAX);

    test.each(deaths.map((death) => ({ ...death, title: death.line.title })))(
      '$heir.library has it after $victim.library: $title',
      async ({ line, victim, heir }) => {
        const death = deaths.find((one) => one.line === line && one.victim === victim && one.heir === heir);
        await granted.get(death as (typeof deaths)[number]);
      },
      TURN_MS_MAX,
    );
  });
});
