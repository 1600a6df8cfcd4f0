import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CodedError, type Logger, silent } from '@reeve/base';
import { nodeDisk } from '@reeve/journal';
import { atTestEnd, eventually, RawClient, temporaryDirectory } from '@reeve/testkit';
import type { Membership } from '@reeve/zab';
import { coordinatorConfig } from '../src/config.ts';
import { type Coordinator, type CoordinatorOptions, createServer } from '../src/coordinator.ts';
import { HeldDisk } from './held-disk.ts';
import { membershipOf, wholeConfig } from './party.ts';

interface Seat {
  readonly id: number;
  readonly dataDirectory: string;
}

/** A disk on which no file can be made, nor a directory be read, from some time on. */
class DyingDisk extends HeldDisk {
  override readonly list = async (directory: string) => {
    if (this.failingToMake === undefined) return nodeDisk.list(directory);
    throw new CodedError({ code: 'EIO' }, 'EIO: as told');
  };
}

/** Starts a member that takes a snapshot after every few writes. */
async function start(
  { id, dataDirectory }: Seat,
  membership: Membership,
  options: CoordinatorOptions = {},
): Promise<Coordinator> {
  const ensemble = wholeConfig(id, membership);
  const config = coordinatorConfig({ dataDirectory, port: 0, tickMs: 200, snapshotEntries: 5, ensemble });
  const coordinator = await createServer(config, options);
  atTestEnd(() => coordinator.stop());
  return coordinator;
}

const serves = (coordinator: Coordinator) =>
  eventually(() => coordinator.report().isServing, { what: 'it serves', deadlineMs: 20_000 });

/** Two members whose logs begin with a snapshot, and a third that was not there yet. */
async function twoAndALate(): Promise<{ readonly membership: Membership; readonly seats: readonly Seat[] }> {
  const membership = await membershipOf([1, 2, 3]);
  const seats = [1, 2, 3].map((id) => ({ id, dataDirectory: temporaryDirectory() }));
  const founders = await Promise.all(seats.slice(0, 2).map((seat) => start(seat, membership)));
  for (const founder of founders) await serves(founder);
  const client = await RawClient.open(founders[0]?.port ?? 0);
  for (let at = 0; at < 12; at += 1) expect((await client.create(`/${at}`)).error).toBe('ok');
  await client.destroy();
  for (const founder of founders) await founder.stop();
  return { membership, seats };
}

describe('a member that cannot take a snapshot of its leader', () => {
  test('nor start again says so, and can be stopped', async () => {
    const { membership, seats } = await twoAndALate();
    const disk = new DyingDisk();
    const failures: unknown[] = [];
    const late = await start(seats[2] as Seat, membership, { disk, onFailed: (error) => void failures.push(error) });
    disk.failingToMake = 'EROFS';
    for (const seat of seats.slice(0, 2)) await start(seat, membership);
    await eventually(() => failures.length === 1, { what: 'it says that it failed' });
    expect(failures).toEqual([expect.objectContaining({ message: expect.stringContaining('EIO') })]);
    expect(late.report().isServing).toBe(false);
    await late.stop();
  }, 60_000);

  test('tries again, and follows when its disk takes files again', async () => {
    const { membership, seats } = await twoAndALate();
    for (const founder of await Promise.all(seats.slice(0, 2).map((seat) => start(seat, membership)))) {
      await serves(founder);
    }
    const disk = new HeldDisk();
    disk.failing = 'EIO';
    disk.failingFiles = /install\.tmp/;
    const tries: string[] = [];
    const logger: Logger = { ...silent, error: (_facts, message) => void tries.push(message) };
    const late = await start(seats[2] as Seat, membership, { disk, logger });
    await eventually(() => tries.length > 1, { what: 'it tried several times', deadlineMs: 30_000 });
    expect(new Set(tries)).toEqual(
      new Set(['the snapshot that the leader sent could not be written: this member starts again from its disk']),
    );
    disk.failing = undefined;
    await serves(late);
    // Without a pause it would have tried hundreds of times.
    expect(tries.length).toBeLessThan(20);
  }, 60_000);
});

test('a member that cannot write what it promises follows nobody, tries again, and follows when it can', async () => {
  const membership = await membershipOf([1, 2, 3]);
  const [one, ...others] = [1, 2, 3].map((id) => ({ id, dataDirectory: temporaryDirectory() })) as [Seat, ...Seat[]];
  const obstacle = join(one.dataDirectory, 'epochs.tmp');
  mkdirSync(obstacle);
  for (const other of await Promise.all(others.map((seat) => start(seat, membership)))) await serves(other);
  const complaints: string[] = [];
  const logger: Logger = { ...silent, error: (_facts, message) => void complaints.push(message) };
  const hindered = await start(one, membership, { logger });
  await eventually(() => complaints.length > 1, { what: 'it tried and tried again' });
  expect(complaints[0]).toBe('what this member promises could not be written: it starts again from its disk');
  expect(hindered.report().isServing).toBe(false);
  rmdirSync(obstacle);
  await serves(hindered);
}, 60_000);
