import {
  type Deed,
  deedNames,
  mend,
  messageIn,
  noSabotage,
  perform,
  type Sabotage,
  settle,
  World,
} from '@reeve/simulator';
import type { ScenarioCommand } from '@reeve/testkit';
import type { MemberId, Message } from '@reeve/zab';

/** How long scenarios wait for what is to come, in virtual time. */
const WAIT_MS_MAX = 10_000;
const ANSWER_MS_MAX = 3_000;

/** Something that is done when a member is about to be told something. */
interface Trap {
  readonly member: MemberId;
  readonly message: Message['kind'];
  readonly deeds: readonly string[];
  /** Whether the message is lost then. */
  readonly isLost: boolean;
}

/** Plays the commands of a scenario file on a world; docs/simulator.md explains them. */
export class Script {
  #world: World | undefined;
  readonly #traps: Trap[] = [];
  /** How many traps were set, and how many have sprung. */
  #set = 0;
  #sprung = 0;
  readonly #broken: Sabotage;

  /** @param broken what the members of this scenario do wrong */
  constructor(broken: Sabotage = noSabotage) {
    this.#broken = broken;
  }

  perform({ name, args, input }: ScenarioCommand): string {
    const words = [...args.keys()];
    switch (name) {
      case 'ensemble':
        return this.#begin(args);
      case 'do':
        return this.#do(input.length > 0 ? input : [words.join(' ')]);
      case 'trap':
        return this.#trap(args, input);
      case 'until':
        return this.#until(words[0] ?? '', args);
      case 'pass':
        this.#here.pass(Number(args.get('ms')));
        return 'ok';
      case 'write':
        return this.#write(args);
      case 'ask':
        return this.#here.clients.get(args.get('client') ?? 'c1')?.wish('set', args.get('path') ?? '/a') === true
          ? 'asked'
          : 'could not ask';
      case 'roles':
        return this.#roles();
      case 'sprung':
        return String(this.#sprung);
      case 'settle':
        return this.#settle();
      default:
        return `there is no command ${name}`;
    }
  }

  get #here(): World {
    if (this.#world === undefined) throw new Error('a scenario begins with "ensemble"');
    return this.#world;
  }

  #begin(args: ReadonlyMap<string, string>): string {
    const number = (key: string, otherwise: number): number => Number(args.get(key) ?? otherwise);
    const broken = this.#broken;
    const sabotage: Sabotage = {
      ...broken,
      event: (member, event) => {
        const told = broken.event === undefined ? event : broken.event(member, event);
        const received = told === undefined ? undefined : messageIn(told);
        const isLost = received !== undefined && this.#spring(member.id, received.message.kind);
        return isLost ? undefined : told;
      },
    };
    this.#world = new World(
      {
        seed: number('seed', 1),
        participants: number('participants', 3),
        observers: number('observers', 0),
        clients: number('clients', 1),
        lastsMs: 0,
        syncMs: 1,
        recentEntriesMax: number('recent', 1_000),
        learnerBacklogBytesMax: 1_000_000,
        counterRollAt: number('roll', 2 ** 32 - 2 ** 20),
      },
      { sabotage },
    );
    return 'ok';
  }

  #do(lines: readonly string[]): string {
    for (const line of lines) perform(this.#here, deedOf(line));
    return 'ok';
  }

  #trap(args: ReadonlyMap<string, string>, deeds: readonly string[]): string {
    this.#set += 1;
    const message = (args.get('message') ?? '') as Message['kind'];
    this.#traps.push({ member: Number(args.get('member')), message, deeds, isLost: args.has('lost') });
    return 'ok';
  }

  /** Does what a trap is set for, once; says whether the message is lost. */
  #spring(member: MemberId, message: Message['kind']): boolean {
    const position = this.#traps.findIndex((trap) => trap.member === member && trap.message === message);
    const [trap] = position === -1 ? [] : this.#traps.splice(position, 1);
    if (trap === undefined) return false;
    this.#here.timeline.after(0, () => {
      this.#sprung += 1;
      this.#do(trap.deeds);
    });
    return trap.isLost;
  }

  #until(what: string, args: ReadonlyMap<string, string>): string {
    const world = this.#here;
    const wanted = Number(args.get(what));
    const holds = {
      leader: () => world.leader !== undefined && (args.get('leader') === '' || world.leader.id === wanted),
      serving: () => world.member(wanted)?.replica?.status().zab.phase === 'serving',
      level: () => this.#isLevel(),
      sprung: () => this.#sprung === this.#set,
      open: () => [...world.clients.values()].every(({ isOpen }) => isOpen),
    }[what];
    if (holds === undefined) return `nobody knows when ${what} is`;
    return world.passUntil(holds, WAIT_MS_MAX) ? 'ok' : `not within ${WAIT_MS_MAX} ms: ${this.#roles()}`;
  }

  #isLevel(): boolean {
    const up = [...this.#here.members.values()].flatMap(({ replica }) => replica?.status() ?? []);
    return up.every(({ lastZxid, zab }) => lastZxid === up[0]?.lastZxid && zab.phase === 'serving');
  }

  /** Creates a znode, or sets it where it is, until it is acknowledged. */
  #write(args: ReadonlyMap<string, string>): string {
    const world = this.#here;
    const client = world.clients.get(args.get('client') ?? 'c1');
    const path = args.get('path') ?? '/a';
    for (let left = Number(args.get('times') ?? 1); left > 0; left -= 1) {
      const answered = (): number => client?.calls.filter(({ answer }) => answer !== undefined).length ?? 0;
      if (!world.passUntil(() => client?.isOpen === true, ANSWER_MS_MAX)) return 'not connected';
      const before = answered();
      client?.wish('create', path);
      client?.wish('set', path);
      if (!world.passUntil(() => answered() >= before + 2, ANSWER_MS_MAX)) return 'not answered';
    }
    return 'acknowledged';
  }

  #roles(): string {
    const told = [...this.#here.members.values()].map(({ id, replica }) => {
      const zab = replica?.status().zab;
      return `${id} ${zab === undefined ? 'down' : zab.phase === 'serving' ? zab.role : 'settling'}`;
    });
    return told.join(', ');
  }

  #settle(): string {
    const world = this.#here;
    mend(world);
    if (world.violations.length === 0) settle(world);
    const [first] = world.violations;
    return first === undefined ? 'nothing is broken' : `${first.promise}: ${first.message}`;
  }
}

function deedOf(line: string): Deed {
  const [word, ...args] = line.trim().split(/\s+/);
  const name = deedNames.find((known) => known === word);
  if (name === undefined) throw new Error(`there is no deed ${word}`);
  return { atMs: 0, name, args };
}
