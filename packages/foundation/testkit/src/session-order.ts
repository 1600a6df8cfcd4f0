import type { Operation } from './history.ts';
import type { RegisterAction, RegisterAnswer } from './versioned-register.ts';

type RegisterOperation = Operation<RegisterAction, RegisterAnswer>;

/** One write of which the history tells, by the number that the service gave it. */
interface KnownWrite {
  readonly zxid: number;
  readonly key: string;
  readonly value: string;
  readonly version: number;
}

/**
 * Checks what is promised to each client alone, also for local reads: its writes happen in the order in which it made
 * them, and what it sees never goes back behind what it has seen. Sees by the zxids that answers carry. Says each fault
 * in one sentence; none when all is well.
 */
export function sessionOrderFaults(history: readonly RegisterOperation[]): readonly string[] {
  const inOrder = history.toSorted((a, b) => a.calledAt - b.calledAt);
  const { writes, faults } = knownWrites(inOrder);
  const seen = new Map<string, number>();
  for (const operation of inOrder) {
    const told = writeOf(operation);
    if (told === undefined) continue;
    const before = seen.get(operation.client) ?? 0;
    const fault = operation.action.op === 'read' ? readFault(told, before, writes) : writeFault(told, before);
    if (fault !== undefined) faults.push(`${operation.client}: ${fault}`);
    seen.set(operation.client, Math.max(before, told.zxid));
  }
  return faults;
}

/** The write that an answer tells of: the client's own, or the one whose value it read. */
function writeOf({ key, action, answer }: RegisterOperation): KnownWrite | undefined {
  if (answer === undefined || !('zxid' in answer)) return undefined;
  const value = answer.kind === 'holds' ? answer.value : 'value' in action ? action.value : '';
  return { zxid: answer.zxid, key, value, version: answer.version };
}

/** All writes that anybody saw, by key; two that have one zxid are a fault. */
function knownWrites(history: readonly RegisterOperation[]) {
  const byZxid = new Map<number, KnownWrite>();
  const faults: string[] = [];
  for (const write of history.map(writeOf)) {
    if (write === undefined) continue;
    const other = byZxid.get(write.zxid);
    if (other === undefined) byZxid.set(write.zxid, write);
    else if (nameOf(other) !== nameOf(write)) faults.push(`two writes are one: ${nameOf(other)} and ${nameOf(write)}`);
  }
  const writes = new Map<string, number[]>();
  for (const [zxid, { key }] of [...byZxid].sort(([a], [b]) => a - b)) {
    const ofKey = writes.get(key);
    if (ofKey === undefined) writes.set(key, [zxid]);
    else ofKey.push(zxid);
  }
  return { writes, faults };
}

function writeFault(told: KnownWrite, before: number): string | undefined {
  return told.zxid > before ? undefined : `${nameOf(told)} is not after ${hex(before)}, which it had seen before`;
}

function readFault(told: KnownWrite, before: number, writes: ReadonlyMap<string, readonly number[]>) {
  const latest = lastUpTo(before, writes.get(told.key) ?? []);
  if (latest <= told.zxid) return undefined;
  return `read ${nameOf(told)}, which ${hex(latest)} had replaced, after it had seen ${hex(before)}`;
}

/** The last of ascending numbers that is not above `bound`; 0 when there is none. */
function lastUpTo(bound: number, ascending: readonly number[]): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] as number) <= bound) low = middle + 1;
    else high = middle;
  }
  return ascending[low - 1] ?? 0;
}

function nameOf({ key, value, version, zxid }: KnownWrite): string {
  return `${key} "${value}" version ${version} at ${hex(zxid)}`;
}

function hex(zxid: number): string {
  return `0x${zxid.toString(16)}`;
}
