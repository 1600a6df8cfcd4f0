import { contentsOf, ephemeralsOf, firstDifference } from './checkers/equal-members.ts';
import { checkHistory } from './checkers/history.ts';
import type { Client } from './client.ts';
import { clientTimeoutMs } from './client.ts';
import { perform } from './deeds.ts';
import { fairWeather } from './network.ts';
import type { Plan } from './plan.ts';
import type { Violation } from './violation.ts';
import { World, type WorldOptions } from './world.ts';

/** What a run came to. */
export interface RunResult {
  readonly violations: readonly Violation[];
  readonly virtualMs: number;
  readonly steps: number;
  /** Writes that were acknowledged, and epochs that had a leader: whether the run was worth something. */
  readonly acknowledged: number;
  readonly epochs: number;
  /** The same for the same run, and hardly ever for another. */
  readonly fingerprint: string;
}

/** How long an ensemble in which nothing fails any more may take until a write succeeds, and until all are equal. */
const PROGRESS_MS_MAX = 20_000;
const EQUAL_MS_MAX = 20_000;

/** Runs a plan, then makes everything well again, and checks all that was promised. */
export function run({ setup, deeds }: Plan, options: WorldOptions = {}): RunResult {
  const world = new World(setup, options);
  for (const deed of deeds) {
    // A fault that would fall into the time after all faults is none.
    if (deed.atMs >= setup.lastsMs) continue;
    world.timeline.after(deed.atMs, () => {
      options.tell?.(`${world.timeline.nowMs.toFixed(2).padStart(10)} ** ${deed.name} ${deed.args.join(' ')}`);
      perform(world, deed);
    });
  }
  world.pass(setup.lastsMs);
  if (world.violations.length === 0) settle(world);
  return resultOf(world);
}

/** Ends all faults. */
export function mend(world: World): void {
  world.network.weather = fairWeather;
  world.network.heal();
  for (const member of world.members.values()) {
    member.spare();
    member.disk.become('well');
    if (member.isPaused) member.resume();
    member.start();
  }
}

/** Ends all faults, waits until the ensemble is as it should be, and compares everything with everything. */
export function settle(world: World): void {
  mend(world);
  const leaving = [...world.clients.values()].filter((_, position) => position % 2 === 0);
  for (const client of leaving) client.leave();
  if (!succeeds(world))
    return world.report('progress', `no write succeeded within ${PROGRESS_MS_MAX} ms after the last fault`);
  world.pass(clientTimeoutMs * 3);
  if (!world.passUntil(() => areLevel(world), EQUAL_MS_MAX)) {
    return world.report('progress', `members are not level ${EQUAL_MS_MAX} ms after the last fault: ${levels(world)}`);
  }
  checkEqual(world);
  checkEphemerals(world, leaving);
  const [first] = world.belonging;
  const order = world.order.upTo(first?.replica?.status().lastZxid ?? 0);
  const clients = [...world.clients.values()];
  const history = {
    calls: clients.flatMap(({ calls }) => calls),
    goodbyes: clients.flatMap(({ goodbyes }) => goodbyes),
    watches: clients.flatMap(({ watches }) => watches),
    order,
  };
  checkHistory(history, (promise, message) => world.report(promise, message));
}

/** Whether somebody who asks again and again is answered. */
function succeeds(world: World): boolean {
  const probe = world.addClient('probe');
  const wish = (): void => {
    probe.wish('create', '/probe');
    world.timeline.after(200, wish);
  };
  wish();
  return world.passUntil(() => probe.calls.some(({ answer }) => answer?.error === 'ok'), PROGRESS_MS_MAX);
}

function areLevel(world: World): boolean {
  const zxids = world.belonging.map(({ replica }) => replica?.status().lastZxid ?? -1);
  return zxids.every((zxid) => zxid === zxids[0] && zxid > 0);
}

function levels(world: World): string {
  const said = [...world.members.values()].map(({ id, replica }) => {
    const status = replica?.status();
    return `${id} ${status?.zab.role ?? 'down'} ${status?.zab.phase ?? ''} 0x${(status?.lastZxid ?? 0).toString(16)}`;
  });
  return said.join(', ');
}

function checkEqual(world: World): void {
  const all = world.belonging.flatMap(({ id, replica }) =>
    replica === undefined ? [] : [{ id, contents: contentsOf(replica) }],
  );
  const [first, ...others] = all;
  for (const other of others) {
    const difference = firstDifference(first?.contents ?? [], other.contents);
    if (difference !== undefined)
      world.report('equal-members', `members ${first?.id} and ${other.id} have ${difference}`);
  }
}

/** Those who left are gone with their ephemerals, and nobody else's are. */
function checkEphemerals(world: World, left: readonly Client[]): void {
  const gone = new Set(left.map(({ session }) => session));
  for (const { id, replica } of world.belonging) {
    if (replica === undefined) continue;
    const sessions = new Set([...replica.status().eachSession()].map((session) => session.id));
    for (const [owner, path] of ephemeralsOf(replica)) {
      if (gone.has(owner))
        world.report('ephemerals-die-with-their-session', `member ${id} has ${path} of ${owner}, who left`);
      else if (!sessions.has(owner))
        world.report('ephemerals-die-with-their-session', `member ${id} has ${path} of ${owner}, which is over`);
    }
  }
}

function resultOf(world: World): RunResult {
  const calls = [...world.clients.values()].flatMap((client) => client.calls);
  const acknowledged = calls.filter(({ answer }) => answer?.error === 'ok').length;
  const { nowMs: virtualMs, sequence } = world.timeline;
  let hash = 0x811c9dc5;
  for (const { client, xid, answer } of calls) {
    const text = `${client} ${xid} ${answer?.at} ${answer?.zxid} ${answer?.error}`;
    for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return {
    violations: world.violations,
    virtualMs,
    steps: world.steps,
    acknowledged,
    epochs: world.leaders.epochs,
    fingerprint: `${hash.toString(16)}.${sequence}.${world.steps}`,
  };
}
