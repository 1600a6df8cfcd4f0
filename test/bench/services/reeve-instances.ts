import type { Client } from '@reeve/client';
import { Registration, ServiceView } from '@reeve/discovery';
import type { Load } from './load-told.ts';

const SERVICE = 'bench';

const gone = new Map<string, Promise<number>>();

/** Follows a service until its only instance is gone; says when that was, milliseconds since the epoch. */
async function followed(client: Client, root: string): Promise<{ readonly gone: Promise<number> }> {
  const view = new ServiceView(client, { root, service: SERVICE });
  const isGone = new Promise<number>((resolve) => {
    view.events.subscribe(({ kind }) => {
      if (kind === 'gone') resolve(Date.now());
    });
  });
  const appeared = new Promise<void>((resolve) => {
    view.events.subscribe(({ kind }) => {
      if (kind === 'appeared') resolve();
    });
  });
  await view.start();
  if (view.instances.size === 0) await appeared;
  return { gone: isGone };
}

/** An instance that is killed, and those who follow its service; Loads.java has the same. */
export const instances: Readonly<Record<string, Load>> = {
  register: async (sessions, { path }) => {
    const [client] = (await sessions(1)) as [Client];
    await new Registration(client, { root: path, service: SERVICE, address: '127.0.0.1', port: 1 }).start();
  },
  watch: async (sessions, { path, views }) => {
    const all = await Promise.all((await sessions(views)).map((client) => followed(client, path)));
    const last = Promise.all(all.map((one) => one.gone)).then((times) => Math.max(...times));
    gone.set(path, last);
  },
  gone: (_, { path }) => gone.get(path),
};
