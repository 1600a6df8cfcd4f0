import type { Client } from '@reeve/client';
import { LeaderElection, type Lease, type Lock, Mutex, ReadWriteLock, Semaphore } from '@reeve/recipes';
import { visit } from './room.ts';
import type { Told, Tool } from './tool.ts';

/** What is had until it is given back. */
interface Had {
  release(): Promise<void>;
}

/** What others stand in line for as well. */
export const lineKinds: Readonly<Record<string, (client: Client, told: Told) => Tool>> = {
  election: (client, { path, name }) => held(() => lead(client, path, name)),
  mutex: (client, { path, name }) => locked(new Mutex(client, { path, ...(name !== undefined && { name }) })),
  readers: (client, { path }) => locked(new ReadWriteLock(client, { path }).read),
  writers: (client, { path }) => locked(new ReadWriteLock(client, { path }).write),
  semaphore: (client, { path, limit }) => {
    const semaphore = new Semaphore(client, { path, leases: limit });
    return { ...held(() => semaphore.acquire()), resize: (told) => semaphore.resize(told.limit) };
  },
};

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

function locked(lock: Lock): Tool {
  let asked = 0;
  const acquire = async (): Promise<Lease> => {
    const lease = await lock.acquire();
    lease.events.subscribe(({ kind }) => {
      if (kind === 'revocation_asked') asked += 1;
    });
    return lease;
  };
  return {
    ...held(acquire),
    asked: () => asked,
    revoke: () => lock.askToRevoke(),
    participants: async () => (await lock.participants()).map(({ path }) => path),
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
