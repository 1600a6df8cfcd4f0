import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@reeve/base';
import { type Client, connect, isFinal } from '@reeve/client';
import { eventually, leftSince, type Service, seededRandom, tracesIn } from '@reeve/testkit';
import { type Court, type Drill, isExplained, pause, type Turn, unlessStorm } from './drill.ts';
import { type Party, placeParty } from './party.ts';
import { storm } from './storm.ts';

/** How long a drill may take to stop when it must, milliseconds: what is held is given back within two seconds. */
const STOP_MS_MAX = 10_000;
/** How long everybody waits for what they want when the storm is over, milliseconds. */
const FINISH_MS_MAX = 20_000;
/** Sessions that end by chance on a machine with much to do, when there is no storm any more. */
const SESSIONS_MAX = 5;

/** Who is examined, and how. */
export interface ExaminationOptions {
  readonly service: Service;
  readonly drills: readonly Drill[];
  readonly seed: number;
  readonly parties: number;
  readonly stormMs: number;
}

/** What an examination has shown besides what its drills know. */
export interface Outcome {
  /** What the storm did, in order. */
  readonly deeds: readonly string[];
  /** Sessions of all parties: those beyond one for each have followed on one that expired. */
  readonly sessions: number;
  /** Znodes, watches and listeners that were left when everything had stopped. */
  readonly left: readonly string[];
}

/** Has parties use all recipes at once through a storm; then everybody gets what they want, stops, and is judged. */
export async function examine(options: ExaminationOptions): Promise<Outcome> {
  const { service, drills, seed, stormMs } = options;
  const servers = service.members.map(({ address }) => address).join();
  const before = await asWitness(servers, (witness) => tracesIn(service.members, witness));
  const parties = await Promise.all(
    Array.from({ length: options.parties }, (_, at) =>
      placeParty(service, { name: `party-${at + 1}`, random: seededRandom(seed * 100 + at) }),
    ),
  );
  const calm = new AbortController();
  setMaxListeners(Number.POSITIVE_INFINITY, calm.signal);
  const playing = everyone(parties, drills, (party, drill) => playOn({ party, drill, parties }, calm.signal));
  const deeds = await storm({ service, parties, seed: seed * 100, durationMs: stormMs, blowEveryMs: 5_000 });
  calm.abort();
  await playing;
  await everyone(parties, drills, (party, drill) => finish({ party, drill, parties }));
  const left = await asWitness(servers, async (witness) => {
    const traces = () => tracesIn(service.members, witness);
    await judge(drills, { witness, servers, traces });
    const kept = { ...before, znodes: new Set([...before.znodes, ...drills.flatMap(({ keeps }) => keeps)]) };
    return leftAtLast(async () => {
      const listening = parties.filter(({ listeners }) => listeners > 0);
      return [
        ...leftSince(kept, await traces()),
        ...listening.map(({ name, listeners }) => `${listeners} who listen to the sessions of ${name}`),
      ];
    });
  });
  for (const party of parties) await party.close();
  return { deeds, left, sessions: parties.reduce((sum, { sessions }) => sum + sessions, 0) };
}

/** Sessions for looking are opened when there is something to see: none of them must outlast a storm. */
async function asWitness<T>(servers: string, look: (witness: Client) => Promise<T>): Promise<T> {
  const witness = await connect({ servers });
  try {
    return await look(witness);
  } finally {
    await witness.close();
  }
}

async function judge(
  drills: readonly Drill[],
  { servers, ...court }: Omit<Court, 'rival'> & { readonly servers: string },
): Promise<void> {
  await asWitness(servers, async (rival) => {
    for (const drill of drills) {
      await drill.judge({ ...court, rival }).catch((error) => drill.violated(`in the end: ${described(error)}`));
    }
  });
}

interface Player {
  readonly party: Party;
  readonly drill: Drill;
  readonly parties: readonly Party[];
}

async function everyone(
  parties: readonly Party[],
  drills: readonly Drill[],
  act: (party: Party, drill: Drill) => Promise<void>,
): Promise<void> {
  await Promise.all(parties.flatMap((party) => drills.map((drill) => act(party, drill))));
}

/** Plays in one session after the other until it is calm. */
async function playOn(player: Player, calm: AbortSignal): Promise<void> {
  const { drill, party } = player;
  while (!calm.aborted) {
    const turn = turnOf(player, 'storm', calm);
    const ended = unlessStorm(drill.play(turn)).then(
      () => 'ended' as const,
      (error) => drill.violated(`${party.name} failed, which no storm explains: ${described(error)}`),
    );
    const late = untilFired(turn.over).then(() => sleep(STOP_MS_MAX, 'late' as const, { ref: false }));
    if ((await Promise.race([ended, late])) === 'late') drill.violated(`${party.name} does not stop`);
    await pause({ random: party.random, over: calm }, 100);
  }
}

/** Has everybody get what they want; on another session where one has ended all the same. */
async function finish(player: Player): Promise<void> {
  const { drill, party } = player;
  const over = new AbortController();
  const deadline = AbortSignal.any([over.signal, AbortSignal.timeout(FINISH_MS_MAX)]);
  for (let sessions = 1; ; sessions += 1) {
    const turn = turnOf(player, 'calm', deadline);
    try {
      await drill.finish(turn);
      return over.abort();
    } catch (error) {
      if (isExplained(error) && isFinal(turn.client.state) && sessions < SESSIONS_MAX) continue;
      over.abort();
      return drill.violated(`${party.name} was forgotten: ${described(error)}`);
    }
  }
}

function turnOf({ party, parties }: Player, weather: 'storm' | 'calm', others: AbortSignal): Turn {
  const { name, random } = party;
  const client = party.client(weather);
  return { client, name, random, parties: parties.length, over: AbortSignal.any([others, endOf(client, others)]) };
}

/** Fires when the session of this client has ended, or when it is not asked any more. */
function endOf(client: Client, others: AbortSignal): AbortSignal {
  const ended = new AbortController();
  const look = () => {
    if (isFinal(client.state)) ended.abort();
  };
  const forget = client.onSession(look);
  for (const signal of [others, ended.signal]) signal.addEventListener('abort', forget);
  look();
  if (others.aborted) forget();
  return ended.signal;
}

function untilFired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

/** What is left when sessions that were lost have had the time to expire. */
async function leftAtLast(look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  let left: readonly string[] = ['unknown things: nobody could look'];
  const nothing = async () => {
    left = await look();
    return left.length === 0;
  };
  await eventually(nothing, { what: 'nothing is left', deadlineMs: 12_000 }).catch(() => undefined);
  return left;
}

function described(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
}
