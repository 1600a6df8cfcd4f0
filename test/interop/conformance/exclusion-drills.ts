import {
  LeaderElection,
  type Lease,
  MultiLock,
  Mutex,
  ReadWriteLock,
  recipeError,
  Semaphore,
  unless,
  untilUnwanted,
} from '@reeve/recipes';
import type { Drill, Turn } from './drill.ts';
import { type Ask, ExclusionDrill, type Held, type Patience, together } from './exclusion-drill.ts';
import { pick } from './storm.ts';

const LEASES = 2;

/** Everything of which only one, or so many, may have it at once. */
export function exclusionDrills(): readonly Drill[] {
  return [
    new ExclusionDrill({
      claim: 'an election has one leader at a time, and who led before is refused by the fence',
      root: '/election',
      ask: lead,
      allowed: together.one,
      store: 'fenced',
    }),
    new ExclusionDrill({
      claim: 'a mutex has one holder at a time, and who held it before is refused by the fence',
      root: '/mutex',
      ask: async ({ client }, path, patience) => heldBy(await new Mutex(client, { path }).acquire(patience)),
      allowed: together.one,
      store: 'fenced',
    }),
    new ExclusionDrill({
      claim: 'who reads under a lock sees nobody write, and one writes at a time',
      root: '/read-write',
      ask: readOrWrite,
      allowed: together.readersOrOneWriter,
      store: 'fenced',
    }),
    new ExclusionDrill({
      claim: 'a semaphore has as many holders as it has leases, and never more',
      root: '/semaphore',
      ask: async ({ client }, path, patience) => {
        return heldBy(await new Semaphore(client, { path, leases: LEASES }).acquire(patience));
      },
      allowed: together.atMost(LEASES),
      seats: LEASES,
      store: 'none',
      keeps: ['/locks', '/leases'],
    }),
    new ExclusionDrill({
      claim: 'of several locks one has all or none, and nobody waits for ever',
      root: '/multi',
      ask: severalOfThem,
      allowed: together.oneOfEach,
      store: 'none',
      keeps: ['/a', '/b', '/c'],
    }),
  ];
}

async function lead({ client, name }: Turn, path: string, { signal, timeoutMs }: Patience): Promise<Held> {
  const election = new LeaderElection(client, { path, data: Buffer.from(name) });
  const elected = new Promise<number>((resolve, reject) => {
    election.events.subscribe((event) => {
      if (event.kind === 'elected') resolve(event.candidate.czxid);
      else reject(recipeError('lost', path));
    });
  });
  try {
    const wanted = untilUnwanted({ signal, timeoutMs });
    await election.start({ signal: wanted });
    const fence = await unless(wanted, path, elected);
    return { fence, share: 'exclusive', holds: () => election.state === 'leading', end: () => election.stop() };
  } catch (error) {
    elected.catch(() => undefined);
    await election.stop();
    throw error;
  }
}

function heldBy(lease: Lease, share: Held['share'] = 'exclusive'): Held {
  return { fence: lease.fence, share, holds: () => lease.state === 'held', end: () => lease.release() };
}

const readOrWrite: Ask = async ({ client, random }, path, patience) => {
  const { read, write } = new ReadWriteLock(client, { path });
  if (random() < 0.6) return heldBy(await read.acquire(patience), 'shared');
  if (random() < 0.7) return heldBy(await write.acquire(patience));
  // One that writes, and then only reads, without letting go in between.
  const owner = {};
  const writing = await write.acquire({ ...patience, owner });
  try {
    return heldBy(await read.acquire({ ...patience, owner }), 'shared');
  } finally {
    await writing.release();
  }
};

const severalOfThem: Ask = async ({ client, random }, path, patience) => {
  const left = pick(['a', 'b', 'c'], random);
  const about = ['a', 'b', 'c'].filter((name) => name !== left);
  const lock = new MultiLock(client, { paths: about.map((name) => `${path}/${name}`) });
  return { ...heldBy(await lock.acquire(patience)), about };
};
