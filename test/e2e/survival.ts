import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import { connect as openSession } from '@reeve/client';
import { connect, type Reeve, type TaskHandle, type TaskRequest, type TaskStatus } from '@reeve/sdk';
import { Layout } from '@reeve/tasks';
import { eventually, seededRandom, temporaryDirectory } from '@reeve/testkit';
import { type Ground, wreakHavoc } from './chaos.ts';
import { Member } from './fleet.ts';
import { readLedgers } from './ledger.ts';

const TASKS = 2_000;
const CHAOS_MS = Number(process.env.CHAOS_SECONDS ?? 60) * 1_000;
/** The session time-out of the fleet under chaos, milliseconds: four ticks of the engine. */
export const SESSION_TIMEOUT_MS = 2_000;
const DEADLINE_MS = 120_000;
/** How long a whole run may take, milliseconds. */
export const SURVIVAL_DEADLINE_MS = CHAOS_MS + DEADLINE_MS + 60_000;
/** What the chaos draws from; CHAOS_SEED repeats its choices. */
export const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);
const handlers = fileURLToPath(new URL('fixtures/ledger-handlers.mjs', import.meta.url));

interface Submitted {
  readonly request: TaskRequest;
  readonly handle: TaskHandle;
}

/** Runs a fleet under chaos, and holds what the tasks witnessed against what Reeve recorded. */
export async function survive(ground: Ground): Promise<void> {
  const random = seededRandom(seed);
  const directory = temporaryDirectory();
  const members = fleetOf(ground);
  for (const member of members) member.start();
  await Promise.all(members.map((member) => member.ready()));
  const reeve = await connect({ connect: ground.address, timeoutMs: DEADLINE_MS });
  const submitting = submitDuring(reeve, { directory, random: seededRandom(seed + 1) });
  const deeds = await wreakHavoc({
    ground,
    members,
    random,
    durationMs: CHAOS_MS,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
  });
  const submitted = await submitting;
  const statuses = await Promise.all(submitted.map(({ handle }) => handle.finished({ timeoutMs: DEADLINE_MS })));
  await expectOneEndEach(ground, submitted);
  expectWitnesses(submitted, statuses, directory);
  await reeve.close();
  await Promise.all(members.map((member) => member.stop()));
  await ground.stop();
  console.info([`seed ${seed}, ${deeds.length} deeds`, tally(statuses), ...deeds].join('\n  '));
}

function fleetOf({ address }: Ground): readonly Member[] {
  const common = ['--connect', address, '--session-timeout', `${SESSION_TIMEOUT_MS}ms`];
  const worker = [...common, '--handlers', handlers, '--slots', '8', '--commands'];
  return [
    ...[1, 2, 3].map((n) => new Member('master', `master-${n}`, common)),
    ...[1, 2, 3, 4].map((n) => new Member('worker', `worker-${n}`, worker)),
  ];
}

/** Submits all tasks, a few at a time, over two thirds of the chaos. */
async function submitDuring(
  reeve: Reeve,
  { directory, random }: { directory: string; random: () => number },
): Promise<readonly Submitted[]> {
  const submitted: Submitted[] = [];
  const started = Date.now();
  while (submitted.length < TASKS) {
    const requests = Array.from({ length: 50 }, (_, i) => requestOf(submitted.length + i, { directory, random }));
    const handles = await reeve.submitAll(requests);
    submitted.push(...handles.map((handle, i) => ({ handle, request: requests[i] as TaskRequest })));
    const due = started + (submitted.length / TASKS) * CHAOS_MS * 0.66;
    await eventually(() => Date.now() >= due, { deadlineMs: CHAOS_MS, what: 'the next batch is due' });
  }
  return submitted;
}

/** Every fourth task must not run twice; every tenth is a command; most are short, some are long. */
function requestOf(n: number, { directory, random }: { directory: string; random: () => number }): TaskRequest {
  const ms = Math.round(random() < 0.9 ? random() * 150 : random() * 2_000);
  const often = n % 4 === 0 ? { repeat: 'once' as const } : { retries: 10, backoffMs: 50 };
  if (n % 10 !== 5) return { handler: 'work', payload: { directory, ms }, ...often };
  // The ledger of a command: the same lines as those of the handler, from a shell.
  const line = `note() { echo "$1 $REEVE_TASK_ID $REEVE_ATTEMPT $REEVE_FENCE" >> "$0/$$.ledger"; }; note start; sleep ${ms / 1_000}; note end`;
  return { shell: line, argv: [directory], ...often };
}

/** A final status is created once and never written again: version 0, and changed by its creation only. */
async function expectOneEndEach({ address }: Ground, submitted: readonly Submitted[]): Promise<void> {
  const session = await openSession({ servers: address });
  const layout = new Layout();
  const stats = await Promise.all(submitted.map(({ handle }) => session.exists(layout.status(handle.taskId))));
  expect(stats.filter((stat) => stat?.version !== 0 || stat.mzxid !== stat.czxid)).toEqual([]);
  await session.close();
}

function expectWitnesses(submitted: readonly Submitted[], statuses: readonly TaskStatus[], directory: string): void {
  const witnessed = readLedgers(directory);
  const faults: string[] = [];
  for (const [i, { handle, request }] of submitted.entries()) {
    const { starts, ends } = witnessed.get(handle.taskId) ?? { starts: [], ends: [] };
    const { outcome, error } = statuses[i] as TaskStatus;
    const what = `${handle.taskId} ${outcome} (${error?.message ?? ''}) starts ${starts} ends ${ends}`;
    if (outcome === 'succeeded' && ends.length === 0) faults.push(`succeeded without having run: ${what}`);
    if (new Set(starts).size !== starts.length) faults.push(`one fencing token, two starts: ${what}`);
    if (request.repeat === 'once') {
      if (starts.length > 1) faults.push(`ran more than once: ${what}`);
      if (outcome !== 'succeeded' && outcome !== 'lost') faults.push(`a once-task ended unexpectedly: ${what}`);
    } else if (outcome !== 'succeeded') faults.push(`a repeatable task did not succeed: ${what}`);
  }
  expect(faults).toEqual([]);
}

function tally(statuses: readonly TaskStatus[]): string {
  const count = (outcome: string) => statuses.filter((status) => status.outcome === outcome).length;
  return `${count('succeeded')} succeeded, ${count('lost')} lost (once), ${statuses.length} in all`;
}
