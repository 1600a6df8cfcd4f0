import { messageOf } from '@reeve/base';
import type { Coordination, ReadResult, RequestOptions } from '@reeve/client';
import { decodePrimary, decodeWorker, type Layout, type PrimaryRecord, type WorkerRecord } from '@reeve/tasks';
import { bulkRead, namesOf } from './bulk-read.ts';

/** A worker that lives. */
export interface WorkerSummary {
  readonly workerId: string;
  /** What it says of itself; missing when that cannot be read, `problem` then says why. */
  readonly record?: WorkerRecord;
  /** How many tasks are assigned to it: those that run, and those that are about to. */
  readonly assigned: number;
  readonly problem?: string;
}

/** A master that lives: it decides, or stands by. */
export interface MasterSummary {
  readonly masterId: string;
  readonly role: 'primary' | 'backup';
  readonly host: string;
  readonly pid: number;
  /** When it came, milliseconds since the epoch by the coordinator's clock. */
  readonly since: number;
}

/** The master that decides now. */
export interface PrimarySummary extends PrimaryRecord {
  /** The version that fences all it writes. */
  readonly epoch: number;
}

/** How many records of the fleet are read by one request. */
const RECORDS_PER_READ = 100;

/** Reads who is there. */
export class Fleet {
  readonly #session: Coordination;
  readonly #layout: Layout;
  readonly #request: RequestOptions;

  constructor(session: Coordination, layout: Layout, request: RequestOptions) {
    this.#session = session;
    this.#layout = layout;
    this.#request = request;
  }

  /** The workers that live, by their ids. */
  async workers(): Promise<readonly WorkerSummary[]> {
    const workerIds = (await this.#names(this.#layout.workers)).toSorted();
    const results = await this.#read(
      workerIds.flatMap((workerId) => [
        { op: 'getData', path: this.#layout.worker(workerId) } as const,
        { op: 'getChildren', path: this.#layout.assignmentsOf(workerId) } as const,
      ]),
    );
    return workerIds.flatMap((workerId, at): readonly WorkerSummary[] => {
      const record = results[2 * at];
      if (record === undefined || !('data' in record)) return [];
      return [{ workerId, assigned: namesOf(results[2 * at + 1]).length, ...recordOf(record.data) }];
    });
  }

  /** The masters that live, who came first first. */
  async masters(): Promise<readonly MasterSummary[]> {
    const names = (await this.#names(this.#layout.masters)).toSorted();
    const [primary, candidates] = await Promise.all([
      this.#primaryRecord(),
      this.#read(names.map((name) => ({ op: 'getData', path: `${this.#layout.masters}/${name}` }) as const)),
    ]);
    return candidates.flatMap((candidate) => summaryOf(candidate, primary));
  }

  /** The master that decides now; none while nobody does. */
  async primary(): Promise<PrimarySummary | undefined> {
    const masters = await this.masters();
    const record = await this.#primaryRecord();
    return masters.some((master) => master.masterId === record?.masterId) ? record : undefined;
  }

  /** Who was the last to take over; it may be gone. */
  async #primaryRecord(): Promise<PrimarySummary | undefined> {
    const [znode] = await this.#read([{ op: 'getData', path: this.#layout.primary }]);
    if (znode === undefined || !('data' in znode) || znode.data === null) return undefined;
    return { ...decodePrimary(znode.data), epoch: znode.stat.version };
  }

  async #names(path: string): Promise<readonly string[]> {
    const [folder] = await this.#read([{ op: 'getChildren', path }]);
    return namesOf(folder);
  }

  #read(parts: Parameters<Coordination['multiRead']>[0]): Promise<readonly ReadResult[]> {
    return bulkRead(this.#session, { parts, perRequest: RECORDS_PER_READ, request: this.#request });
  }
}

function recordOf(data: Buffer | null): Pick<WorkerSummary, 'record' | 'problem'> {
  try {
    return { record: decodeWorker(data) };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function summaryOf(candidate: ReadResult, primary: PrimarySummary | undefined): readonly MasterSummary[] {
  if (!('data' in candidate) || candidate.data === null) return [];
  const { masterId, host, pid } = decodePrimary(candidate.data);
  const role = masterId === primary?.masterId ? 'primary' : 'backup';
  return [{ masterId, role, host, pid, since: candidate.stat.ctime }];
}
