import { LeaderElection, recipeError, unless, untilUnwanted } from '@reeve/recipes';
import type { Drill, Turn } from './drill.ts';
import { ExclusionDrill, type Held, type Patience, together } from './exclusion-drill.ts';

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
