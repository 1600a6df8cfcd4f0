import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Logger } from '@reeve/base';
import { eventually, RawClient, temporaryDirectory } from '@reeve/testkit';
import type { EnsembleMember, Membership } from '@reeve/zab';
import { coordinatorConfig } from '../src/config.ts';
import { type Coordinator, createServer } from '../src/coordinator.ts';
import { sameMembers, writeDynamicConfig } from '../src/peers/dynamic-config.ts';
import type { EnsembleConfig } from '../src/peers/ensemble-config.ts';
import { parseZooCfg } from '../src/zoo-cfg.ts';
import { membershipOf, wholeConfig } from './party.ts';

const running: Coordinator[] = [];

afterEach(async () => {
  for (const coordinator of running.splice(0)) await coordinator.stop();
});

/** Warnings and errors of a member, with their facts. */
type Complaints = { readonly message: string; readonly facts: object }[];

/** A member that is started with what it is told of its ensemble, again on the same data when it was there before. */
class Seat {
  readonly dataDirectory = temporaryDirectory();
  readonly complaints: Complaints = [];
  readonly id: number;
  coordinator: Coordinator | undefined;

  constructor(id: number) {
    this.id = id;
  }

  async start(membership: Membership, more: Partial<EnsembleConfig> = {}): Promise<void> {
    const complain = (facts: object, message: string) => void this.complaints.push({ message, facts });
    const logger: Logger = { debug() {}, info() {}, warn: complain, error: complain };
    const ensemble = { ...wholeConfig(this.id, membership), ...more };
    const config = coordinatorConfig({
      dataDirectory: this.dataDirectory,
      port: 0,
      tickMs: 200,
      ensemble,
      reconfiguration: 'unimplemented',
      accessLists: 'skipped',
    });
    this.coordinator = await createServer(config, { logger });
    running.push(this.coordinator);
  }

  async stop(): Promise<void> {
    const { coordinator } = this;
    if (coordinator === undefined) return;
    running.splice(running.indexOf(coordinator), 1);
    await coordinator.stop();
  }

  get report() {
    return this.coordinator?.report();
  }

  serves(): Promise<unknown> {
    return eventually(() => this.report?.isServing, { what: `member ${this.id} serves` });
  }

  knows(version: number): Promise<unknown> {
    const isKnown = () => this.report?.configuration().ensemble?.version === version;
    return eventually(isKnown, { what: `member ${this.id} knows of the change` });
  }
}

async function party(membership: Membership, more: (id: number) => Partial<EnsembleConfig> = () => ({})) {
  const seats = membership.members.map(({ id }) => new Seat(id));
  await Promise.all(seats.map((seat) => seat.start(membership, more(seat.id))));
  await Promise.all(seats.map((seat) => seat.serves()));
  return seats;
}

/** Has these as members from now on, and says since when. */
async function reconfigured(seat: Seat, members: readonly EnsembleMember[]): Promise<number> {
  const client = await RawClient.open(seat.coordinator?.port ?? 0);
  const newMembers = members.map(({ id, place }) => `server.${id}=${place}`).join(',');
  const lists = { joiningServers: '', leavingServers: '', newMembers, curConfigId: -1 };
  const { error, zxid } = await client.request('reconfig', lists);
  expect(error).toBe('ok');
  await client.destroy();
  return zxid;
}

/** These members, one of them at other ports. */
async function elsewhere({ members }: Membership, id: number): Promise<EnsembleMember[]> {
  const [moved] = (await membershipOf([id])).members;
  return members.map((member) => (member.id === id && moved !== undefined ? moved : member));
}

describe('a dynamicConfigFile', () => {
  test('that was written back is read as what was written', () => {
    const dataDir = temporaryDirectory();
    const file = join(dataDir, 'members');
    writeFileSync(join(dataDir, 'myid'), '2');
    const members = [1, 2, 3].map((id) => {
      const role = id === 3 ? ('observer' as const) : ('participant' as const);
      return { id, role, place: `m${id}:2888:3888:${role};0.0.0.0:2181` };
    });
    writeFileSync(file, 'old');
    writeDynamicConfig(file, { version: 0x1_0000_0012, members });
    expect(readFileSync(file, 'utf8').split('\n').slice(2)).toEqual([
      'server.3=m3:2888:3888:observer;0.0.0.0:2181',
      'version=100000012',
      '',
    ]);
    const { config } = parseZooCfg(`dataDir=${dataDir}\nstandaloneEnabled=false\ndynamicConfigFile=${file}`, 'zoo.cfg');
    expect(config.ensemble?.membership).toEqual({ version: 0x1_0000_0012, members });
  });

  test('that cannot be written is complained of, and the member goes on', async () => {
    const place = join(temporaryDirectory(), 'members');
    mkdirSync(place);
    const membership = await membershipOf([1, 2, 3]);
    const seats = await party(membership, (id) => ({ dynamicConfigFile: id === 1 ? place : undefined }));
    const [first] = seats as [Seat];
    const changed = await elsewhere(membership, 3);
    await first.knows(await reconfigured(first, changed));
    const complaint = first.complaints.find(({ message }) => message.includes('could not be brought up to date'));
    expect(complaint?.facts).toMatchObject({ file: place, reason: expect.stringContaining('EISDIR') });
    expect(first.report?.isServing).toBe(true);
  }, 60_000);
});

describe('a member whose configuration is older than what was agreed on', () => {
  test('takes what was agreed on, says so, and is where that says it is', async () => {
    const membership = await membershipOf([1, 2, 3]);
    const seats = await party(membership);
    const [first, , third] = seats as [Seat, Seat, Seat];
    const version = await reconfigured(first, await elsewhere(membership, 3));
    for (const seat of seats) await seat.knows(version);
    await third.stop();
    await third.start(membership);
    await third.serves();
    expect(third.complaints).toContainEqual({
      message: expect.stringMatching(/the ensemble was changed since.* name a dynamicConfigFile/),
      facts: expect.objectContaining({ version: version.toString(16) }),
    });
    // Only who is reached where the others look for it hears of an election.
    for (const seat of [first, third]) await seat.stop();
    await first.start(membership);
    await third.start(membership);
    await first.serves();
  }, 60_000);

  test('says nothing when the members are the same', async () => {
    const [version, members] = [7, (await membershipOf([1, 2])).members];
    expect(sameMembers({ version: 0, members }, { version, members: members.toReversed() })).toBe(true);
    const [one] = members;
    expect(sameMembers({ version, members }, { version, members: one === undefined ? [] : [one] })).toBe(false);
  });
});
