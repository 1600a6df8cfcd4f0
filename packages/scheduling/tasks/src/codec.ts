import { CodedError } from '@reeve/base';
import { PRIORITY_MAX, queueName, type RecordName, schemas } from './schemas.ts';
import {
  type Assignment,
  type PrimaryRecord,
  type RetryRecord,
  specDefaults,
  type TaskSpec,
  type TaskStatus,
  type WorkerRecord,
} from './task.ts';

/** The version of every payload that this release writes, and the newest that it reads. */
export const PAYLOAD_VERSION = 1;

/** The longest specification or status, bytes: what is larger belongs into a store of its own, and its address here. */
export const RECORD_BYTES_MAX = 256 * 1024;

/** Facts of a payload that cannot be read. */
export interface RecordFacts {
  /**
   * `record_invalid`: not a record of this kind; `record_newer`: written by a later release; `record_refused`: the
   * engine did not let us read it (its ACL).
   */
  readonly code: 'record_invalid' | 'record_newer' | 'record_refused';
  readonly record: RecordName;
  /** What is wrong, and where in the record. */
  readonly issue: string;
}

/** A znode of ours holds what we cannot read. */
export class RecordError extends CodedError<RecordFacts> {
  constructor(facts: RecordFacts) {
    super(facts, `not a readable ${facts.record}: ${facts.issue}`);
  }
}

/** A specification's bytes; what equals its default is left out. */
export function encodeSpec(spec: TaskSpec): Buffer {
  const { work, queue, priority, notBefore, timeoutMs, retry, repeat, submittedAt } = spec;
  return encode({
    work,
    queue: queue === specDefaults.queue ? undefined : queue,
    priority: priority === 0 ? undefined : priority,
    notBefore: notBefore === 0 ? undefined : notBefore,
    timeoutMs: timeoutMs === 0 ? undefined : timeoutMs,
    retry: retry.attemptsMax === 1 ? undefined : retry,
    repeat: repeat === specDefaults.repeat ? undefined : repeat,
    submittedAt,
  });
}

/** Reads a specification; throws a `RecordError`. */
export function decodeSpec(data: Uint8Array | null): TaskSpec {
  const raw = open('spec', data);
  // One shape for all: this is read for every task, by the primary and by its worker.
  const spec = {
    work: raw.work,
    queue: raw.queue ?? specDefaults.queue,
    priority: raw.priority ?? specDefaults.priority,
    notBefore: raw.notBefore ?? specDefaults.notBefore,
    timeoutMs: raw.timeoutMs ?? specDefaults.timeoutMs,
    retry: raw.retry ?? specDefaults.retry,
    repeat: raw.repeat ?? specDefaults.repeat,
    submittedAt: raw.submittedAt,
  };
  return looksLikeSpec(spec) ? spec : (validate('spec', spec) as TaskSpec);
}

/** An assignment's bytes. */
export function encodeAssignment(assignment: Assignment): Buffer {
  return encode(assignment);
}

/** Reads an assignment; throws a `RecordError`. */
export function decodeAssignment(data: Uint8Array | null): Assignment {
  const raw = open('assignment', data);
  const { attempt, workersLost, repeat } = raw;
  const isPlain = isCount(attempt) && isCount(workersLost) && isRepeat(repeat) && raw.cancel === undefined;
  return isPlain ? { attempt, workersLost, repeat } : (validate('assignment', raw) as Assignment);
}

/** A final status' bytes. */
export function encodeStatus(status: TaskStatus): Buffer {
  return encode(status);
}

/** Reads a final status; throws a `RecordError`. */
export function decodeStatus(data: Uint8Array | null): TaskStatus {
  return validate('status', open('status', data)) as TaskStatus;
}

/** A retry record's bytes. */
export function encodeRetry(record: RetryRecord): Buffer {
  return encode(record);
}

/** Reads a retry record; throws a `RecordError`. */
export function decodeRetry(data: Uint8Array | null): RetryRecord {
  return validate('retry', open('retry', data)) as RetryRecord;
}

/** A worker's bytes. */
export function encodeWorker(record: WorkerRecord): Buffer {
  return encode(record);
}

/** Reads a worker; throws a `RecordError`. */
export function decodeWorker(data: Uint8Array | null): WorkerRecord {
  return validate('worker', open('worker', data)) as WorkerRecord;
}

/** A primary's bytes. */
export function encodePrimary(record: PrimaryRecord): Buffer {
  return encode(record);
}

/** Reads a primary; throws a `RecordError`. */
export function decodePrimary(data: Uint8Array | null): PrimaryRecord {
  return validate('primary', open('primary', data)) as PrimaryRecord;
}

function encode(record: object): Buffer {
  return Buffer.from(JSON.stringify({ v: PAYLOAD_VERSION, ...record }), 'utf8');
}

type Raw = Record<string, unknown>;

/** The JSON object in `data`, whose version is checked. */
function open(record: RecordName, data: Uint8Array | null): Raw {
  if (data === null) throw new RecordError({ code: 'record_invalid', record, issue: 'it holds no data' });
  const raw = parse(record, data);
  const version = raw.v;
  if (typeof version === 'number' && version > PAYLOAD_VERSION) {
    throw new RecordError({ code: 'record_newer', record, issue: `version ${version}, ours is ${PAYLOAD_VERSION}` });
  }
  if (version !== PAYLOAD_VERSION) {
    throw new RecordError({ code: 'record_invalid', record, issue: `its version is ${JSON.stringify(version)}` });
  }
  return raw;
}

function parse(record: RecordName, data: Uint8Array): Raw {
  try {
    const raw: unknown = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'));
    if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) return raw as Raw;
  } catch (error) {
    throw new RecordError({ code: 'record_invalid', record, issue: `it is not JSON (${(error as Error).message})` });
  }
  throw new RecordError({ code: 'record_invalid', record, issue: 'it is no JSON object' });
}

function validate(record: RecordName, raw: Raw): unknown {
  const parsed = schemas[record].safeParse(raw);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const where = first === undefined || first.path.length === 0 ? '' : `${first.path.join('.')}: `;
  throw new RecordError({ code: 'record_invalid', record, issue: `${where}${first?.message ?? 'unknown'}` });
}

/** Accepts the plain cases without the price of a full validation; whatever it does not accept is validated. */
function looksLikeSpec(raw: Record<keyof TaskSpec, unknown>): raw is TaskSpec {
  return (
    isPlainHandler(raw.work) &&
    (raw.queue === specDefaults.queue || queueName.safeParse(raw.queue).success) &&
    isPriority(raw.priority) &&
    isCount(raw.notBefore) &&
    isCount(raw.timeoutMs) &&
    isPolicy(raw.retry) &&
    isRepeat(raw.repeat) &&
    typeof raw.submittedAt === 'number'
  );
}

function isPlainHandler(work: unknown): boolean {
  if (typeof work !== 'object' || work === null) return false;
  const { kind, handler } = work as Raw;
  return kind === 'handler' && typeof handler === 'string' && handler !== '';
}

function isPolicy(retry: unknown): boolean {
  if (retry === specDefaults.retry) return true;
  if (typeof retry !== 'object' || retry === null) return false;
  const { attemptsMax, backoffMs, backoffMaxMs } = retry as Raw;
  return isCount(attemptsMax) && attemptsMax > 0 && isCount(backoffMs) && isCount(backoffMaxMs);
}

function isPriority(value: unknown): boolean {
  return Number.isInteger(value) && Math.abs(value as number) <= PRIORITY_MAX;
}

function isRepeat(value: unknown): value is TaskSpec['repeat'] {
  return value === 'repeatable' || value === 'once';
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}
