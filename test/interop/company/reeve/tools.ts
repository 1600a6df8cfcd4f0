import type { Client } from '@reeve/client';
import { Barrier, Counter, DoubleBarrier, GroupMember, GroupView, LeaderElection, SharedValue } from '@reeve/recipes';
import { visit } from './room.ts';

/** One line that a member is told. */
export interface Told {
  readonly id: number;
  readonly tool: string;
  readonly what: string;
  readonly kind: string;
  readonly path: string;
  readonly name: string;
  readonly data: string;
  readonly initial: string;
  readonly rounds: number;
  readonly limit: number;
  readonly size: number;
  readonly room: string;
  readonly as: 'exclusive' | 'shared';
}

/** One recipe at one path: what it can be told. */
export type Tool = Readonly<Record<string, (told: Told) => unknown>>;

/** What is had until it is given back. */
interface Had {
  release(): Promise<void>;
}

const kinds: Readonly<Record<string, (client: Client, told: Told) => Tool | Promise<Tool>>> = {
  election: (client, { path, name }) => held(() => lead(client, path, name)),
  group,
  value,
  counter,
  barrier,
  double_barrier: doubleBarrier,
};

/** Opens what was asked for. */
export async function openTool(client: Client, told: Told): Promise<Tool> {
  const open = kinds[told.kind];
  if (open === undefined) throw new RangeError(`Reeve has no ${told.kind}`);
  return open(client, told);
}

/** What can be had and given back, and had in turns with others. */
function held(acquire: () => Promise<Had>): Tool {
  const all: Had[] = [];
  return {
    acquire: async () => {
      all.push(await acquire());
    },
    release: () => all.shift()?.release(),
    rounds: async ({ rounds, room, as, limit }) => {
      for (let i = 0; i < rounds; i += 1) {
        const had = await acquire();
        await visit({ room, as, limit });
        await had.release();
      }
    },
  };
}

async function lead(client: Client, path: string, name: string): Promise<Had> {
  const election = new LeaderElection(client, { path, name, data: Buffer.from('reeve') });
  const elected = new Promise<void>((resolve, reject) => {
    election.events.subscribe((event) => (event.kind === 'elected' ? resolve() : reject(new Error(event.reason))));
  });
  await election.start();
  await elected;
  return { release: () => election.stop() };
}

async function group(client: Client, { path, name }: Told): Promise<Tool> {
  const member = new GroupMember(client, { group: path, name, data: Buffer.from(name) });
  const view = new GroupView(client, { group: path });
  return {
    join: async () => {
      await member.start();
      await view.start();
    },
    members: () => [...view.members.keys()],
    leave: async () => {
      await view.stop();
      await member.stop();
    },
  };
}

async function value(client: Client, { path, initial }: Told): Promise<Tool> {
  const shared = new SharedValue(client, { path, initial: Buffer.from(initial) });
  await shared.start();
  return {
    get: () => String(shared.value.data),
    increments: async ({ rounds }) => {
      for (let i = 0; i < rounds; i += 1) await shared.update((data) => Buffer.from(String(Number(data) + 1)));
    },
  };
}

function counter(client: Client, { path }: Told): Tool {
  const shared = new Counter(client, path);
  return {
    get: () => shared.get(),
    increments: async ({ rounds }) => {
      for (let i = 0; i < rounds; i += 1) await shared.add(1);
    },
  };
}

function barrier(client: Client, { path }: Told): Tool {
  const shared = new Barrier(client, path);
  return { close: () => shared.close(), open_up: () => shared.open(), wait: () => shared.wait() };
}

function doubleBarrier(client: Client, { path, size }: Told): Tool {
  const shared = new DoubleBarrier(client, { path, members: size });
  return { enter: () => shared.enter(), leave: () => shared.leave() };
}
