import { codeOf, unreachable } from '@reeve/base';
import { connect, monotonicClock } from '@reeve/client';
import {
  checkLinearizable,
  describeWindow,
  type Ensemble,
  eventually,
  HistoryRecorder,
  type Operation,
  type RegisterAction,
  type RegisterAnswer,
  type SequentialModel,
  seededRandom,
  sequenceCounter,
  sessionOrderFaults,
  type TakeNumber,
  versionedRegister,
} from '@reeve/testkit';
import { tormentEnsemble } from './ensemble-chaos.ts';
import { HistoryClient, keys, numbers, root } from './history-client.ts';

const CLIENTS = 6;
const DURATION_MS = Number(process.env.HISTORY_SECONDS ?? 20) * 1_000;
/** Longer than the 2.5 s after which members give each other up, shorter than the longest faults. */
const SESSION_TIMEOUT_MS = 4_000;
const FAULT_MS_MAX = 5_000;
/** How long a whole run may take, milliseconds. */
export const HISTORY_DEADLINE_MS = DURATION_MS + 180_000;
/** What everything is drawn from; HISTORY_SEED repeats its choices. */
export const seed = Number(process.env.HISTORY_SEED ?? Date.now() % 1_000_000);

/** What clients did to znodes, in the order of their calls. */
export type RegisterHistory = readonly Operation<RegisterAction, RegisterAnswer>[];

/** What was recorded while an ensemble was tormented. */
export interface RecordedHistory {
  readonly registers: RegisterHistory;
  readonly numbers: readonly Operation<TakeNumber, number>[];
  readonly deeds: readonly string[];
}

/** Has clients use an ensemble while it is tormented; at the end each of them reads every znode once more. */
export async function recordHistory(ensemble: Ensemble): Promise<RecordedHistory> {
  const registers = new HistoryRecorder<RegisterAction, RegisterAnswer>(monotonicClock, ({ op }) => op !== 'read');
  const counters = new HistoryRecorder<TakeNumber, number>(monotonicClock, () => true);
  await prepare(ensemble);
  const clients = Array.from({ length: CLIENTS }, (_, n) => {
    const name = `client-${n + 1}`;
    const random = seededRandom(seed + 1 + n);
    const pens = { registers: registers.client(name), counters: counters.client(name) };
    const facts = { name, random, servers: ensemble.connect, sessionTimeoutMs: SESSION_TIMEOUT_MS };
    return new HistoryClient({ ...facts, ...pens });
  });
  let stopped = false;
  const running = Promise.all(clients.map((client) => client.run(() => stopped)));
  const random = seededRandom(seed);
  const deeds = await tormentEnsemble({ ensemble, random, durationMs: DURATION_MS, faultMsMax: FAULT_MS_MAX });
  stopped = true;
  await running;
  await Promise.all(clients.map(readEverything));
  await Promise.all(clients.map((client) => client.close()));
  return { registers: registers.history, numbers: counters.history, deeds };
}

async function prepare(ensemble: Ensemble): Promise<void> {
  const client = await connect({ servers: ensemble.connect });
  for (const path of [root, numbers]) {
    const isThere = () => client.create(path, null).catch((error) => codeOf(error) === 'node_exists');
    await eventually(isThere, { what: `${path} is there`, deadlineMs: 30_000 });
  }
  await client.close();
}

async function readEverything(client: HistoryClient): Promise<void> {
  for (const key of keys) {
    const read = async () => (await client.use(key, { op: 'read', freshness: 'latest' })).kind === 'answered';
    await eventually(read, { what: `${key} can be read when all is well again`, deadlineMs: 30_000 });
  }
}

/** What is wrong with a history, for people; nothing when there is nothing. */
export function historyFaults({ registers, numbers }: RecordedHistory): readonly string[] {
  const latest = registers.filter(({ action }) => action.op !== 'read' || action.freshness === 'latest');
  return [
    ...orderFaults(latest, versionedRegister),
    ...orderFaults(numbers, sequenceCounter),
    ...sessionOrderFaults(registers),
  ];
}

function orderFaults<State, Action, Answer>(
  history: readonly Operation<Action, Answer>[],
  model: SequentialModel<State, Action, Answer>,
): readonly string[] {
  const verdict = checkLinearizable(history, model);
  switch (verdict.kind) {
    case 'linearizable':
      return [];
    case 'violated':
      return [describeWindow(verdict.window, model)];
    case 'undecided':
      return [`${verdict.at.key}: too much happened at once to decide`];
    default:
      return unreachable(verdict);
  }
}

/** A history in a few lines: how much of what, and what was done meanwhile. */
export function summary({ registers, numbers, deeds }: RecordedHistory): string {
  const count = (matches: (operation: RegisterHistory[number]) => boolean) => registers.filter(matches).length;
  const unknown = count(({ answer }) => answer === undefined);
  const local = count(({ action }) => action.op === 'read' && action.freshness === 'local');
  const sessions = new Set(registers.map(({ client }) => client)).size;
  const counts = `${registers.length} operations (${local} local reads), ${unknown} of unknown outcome`;
  return [`seed ${seed}: ${counts}, ${numbers.length} numbers, ${sessions} sessions`, ...deeds].join('\n  ');
}
