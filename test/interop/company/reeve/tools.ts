import type { Client } from '@reeve/client';
import { encodeInstance, listServices, Registration, readService } from '@reeve/discovery';
import {
  Barrier,
  Counter,
  DoubleBarrier,
  GroupMember,
  GroupView,
  PersistentEphemeral,
  Queue,
  type QueueItem,
  SharedValue,
} from '@reeve/recipes';
import { lineKinds } from './line-tools.ts';
import type { Told, Tool } from './tool.ts';

const kinds: Readonly<Record<string, (client: Client, told: Told) => Tool | Promise<Tool>>> = {
  ...lineKinds,
  group,
  node,
  value,
  counter,
  barrier,
  double_barrier: doubleBarrier,
  queue,
  services,
};

/** Opens what was asked for. */
export async function openTool(client: Client, told: Told): Promise<Tool> {
  const open = kinds[told.kind];
  if (open === undefined) throw new RangeError(`Reeve has no ${told.kind}`);
  return open(client, told);
}

function group(client: Client, { path, name }: Told): Tool {
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

function node(client: Client, { path, data }: Told): Tool {
  const kept = new PersistentEphemeral(client, { path, data: Buffer.from(data) });
  return { start: () => kept.start(), close: () => kept.stop() };
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

function queue(client: Client, { path }: Told): Tool {
  const shared = new Queue(client, { path });
  const taken: QueueItem[] = [];
  const take = async (timeoutMs: number) => {
    const item = await shared.take({ timeoutMs });
    taken.push(item);
    return String(item.data);
  };
  return {
    put: ({ data, priority }) => shared.put(Buffer.from(data), { priority }),
    take: ({ seconds }) => take(seconds * MS_PER_S),
    done: () => taken.shift()?.done(),
    give_back: () => taken.shift()?.giveBack(),
    drain: async ({ seconds }) => {
      const all: string[] = [];
      for (;;) {
        const item = await shared.take({ timeoutMs: seconds * MS_PER_S }).catch(() => undefined);
        if (item === undefined) return all;
        await item.done();
        all.push(String(item.data));
      }
    },
    stop: () => shared.stop(),
  };
}

const MS_PER_S = 1000;

function services(client: Client, { path }: Told): Tool {
  const registrations = new Map<string, Registration>();
  return {
    register: async ({ name, instance, address, port, metadata }) => {
      const options = { root: path, service: name, id: instance, address, port, metadata, uriSpec: URI };
      const registration = new Registration(client, options);
      registrations.set(instance, registration);
      await registration.start();
      return String(encodeInstance(registration.instance));
    },
    unregister: ({ instance }) => registrations.get(instance)?.stop(),
    drain: ({ instance }) => registrations.get(instance)?.drain({ graceMs: 60_000 }),
    names: () => listServices(client, path),
    list: async ({ name }) => (await readService(client, { root: path, service: name })).instances,
  };
}

const URI = '{scheme}://{address}:{port}';
