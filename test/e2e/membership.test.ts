import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ClientError, type Coordination, connect } from '@reeve/client';
import {
  coordinatorCommand,
  Ensemble,
  EnsembleMember,
  eventually,
  freePort,
  RawClient,
  startReeveEnsemble,
  temporaryDirectory,
} from '@reeve/testkit';

const configPath = '/zookeeper/config';

/** A member whose `server.N` lines stand in a file beside its configuration. */
interface Placed {
  readonly member: EnsembleMember;
  /** Its own line. */
  readonly line: string;
  readonly file: string;
}

async function placed(id: number): Promise<Placed> {
  const [peer, election, clientPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const file = join(temporaryDirectory(), 'members');
  const config = ['initLimit=20', 'syncLimit=5', 'reconfigEnabled=true', `dynamicConfigFile=${file}`];
  const member = new EnsembleMember(
    { id, votes: 'participant', ports: [peer, election], clientPort },
    { name: `member ${id}`, port: clientPort, options: { memberId: id, config }, command: coordinatorCommand },
  );
  return { member, file, line: `server.${id}=127.0.0.1:${peer}:${election}:participant;127.0.0.1:${clientPort}` };
}

function ensembleOf(places: readonly Placed[]): Ensemble {
  return new Ensemble({ name: 'Reeve', members: places.map(({ member }) => member), network: undefined });
}

function writeLines(file: string, places: readonly Placed[]): string {
  const text = places.map(({ line }) => `${line}\n`).join('');
  writeFileSync(file, text);
  return text;
}

/** Has the ensemble changed by its super user, and says what `/zookeeper/config` is after that. */
async function reconfigured(member: EnsembleMember, change: { joining?: string; leaving?: string }): Promise<string> {
  const { joining = '', leaving = '' } = change;
  const lists = { joiningServers: joining, leavingServers: leaving, newMembers: '', curConfigId: -1 };
  // Refused while one of those that stay has not caught up; asked for twice, it comes to the same.
  const ask = async () => {
    const client = await RawClient.open(member.port);
    try {
      await client.request('auth', { type: 0, scheme: 'digest', auth: Buffer.from('super:test') });
      const { error } = await client.request('reconfig', lists);
      if (error !== 'ok') throw new Error(error);
      return await client.data(configPath);
    } finally {
      await client.destroy();
    }
  };
  return await eventually(ask, { what: 'the ensemble has changed', deadlineMs: 30_000 });
}

async function described({ member }: Placed): Promise<string> {
  const client = await RawClient.open(member.port);
  const description = await client.data(configPath);
  await client.destroy();
  return description;
}

async function keepsInFile({ file, member }: Placed, description: string): Promise<void> {
  const isKept = () => readFileSync(file, 'utf8') === `${description}\n`;
  await eventually(isKept, { what: `${member.name} keeps in its file who belongs to the ensemble` });
}

describe('who belongs to the ensemble', () => {
  test('is kept in the dynamicConfigFile of each member, and holds after all of them were restarted', async () => {
    const [one, two, three, four] = await Promise.all([placed(1), placed(2), placed(3), placed(4)]);
    const founders = [one, two, three];
    let old = '';
    for (const { file } of founders) old = writeLines(file, founders);
    writeLines(four.file, [...founders, four]);
    const ensemble = ensembleOf(founders);
    await ensemble.start();

    await four.member.launch();
    const leader = await ensemble.leader();
    const grown = await reconfigured(leader, { joining: four.line });
    expect(grown).toMatch(/\nserver\.4=.*\nversion=[0-9a-f]{9,}$/);
    for (const place of [...founders, four]) await keepsInFile(place, grown);
    expect(await four.member.serving()).toBe('follower');

    const leaver = founders.find(({ member }) => member !== leader) as Placed;
    const shrunk = await reconfigured(leader, { leaving: String(leaver.member.id) });
    const rest = [...founders, four].filter((place) => place !== leaver);
    for (const place of rest) await keepsInFile(place, shrunk);
    await leaver.member.stop();

    await Promise.all(rest.map(({ member }) => member.stop()));
    // What the tree says is newer.
    writeFileSync(four.file, `${old}${four.line}\n`);
    await ensembleOf(rest).start();
    for (const place of rest) expect(await described(place)).toBe(shrunk);
    for (const place of rest) await keepsInFile(place, shrunk);
  }, 120_000);

  test('leaves the file of a member as it was that does not belong to it any more, so that it can come back', async () => {
    const places = await Promise.all([placed(1), placed(2), placed(3)]);
    for (const { file } of places) writeLines(file, places);
    const ensemble = ensembleOf(places);
    await ensemble.start();
    const leader = await ensemble.leader();
    const leaver = places.find(({ member }) => member !== leader) as Placed;
    const before = readFileSync(leaver.file, 'utf8');
    await reconfigured(leader, { leaving: String(leaver.member.id) });
    await leaver.member.stop();
    expect(readFileSync(leaver.file, 'utf8')).toBe(before);

    await leaver.member.launch();
    const whole = await reconfigured(leader, { joining: leaver.line });
    for (const place of places) await keepsInFile(place, whole);
    expect(await leaver.member.serving()).toBe('follower');
    await ensemble.stop();
  }, 90_000);
});

describe('a rolling restart', () => {
  test('of all three members fails no write of a client that tries again', async () => {
    const ensemble = await startReeveEnsemble();
    const client = await connect({ servers: ensemble.connect });
    await client.create('/counter', Buffer.from('0'));
    const writer = new Writer(client);
    for (const member of ensemble.members) {
      const before = writer.written;
      await member.stop();
      await member.start();
      await eventually(() => writer.written > before, { what: 'writes go on' });
    }
    const { written, failures } = await writer.stop();
    expect(failures).toEqual([]);
    expect((await client.getData('/counter')).data?.toString()).toBe(String(written));
    await client.close();
    await ensemble.stop();
  }, 120_000);
});

/** Writes one number after the other, each until it is acknowledged. */
class Writer {
  written = 0;
  readonly failures: unknown[] = [];
  #phase: 'writing' | 'stopping' = 'writing';
  readonly #done: Promise<void>;

  constructor(client: Coordination) {
    this.#done = this.#write(client);
  }

  async stop(): Promise<Writer> {
    this.#phase = 'stopping';
    await this.#done;
    return this;
  }

  async #write(client: Coordination): Promise<void> {
    while (this.#phase === 'writing') {
      try {
        await client.setData('/counter', Buffer.from(String(this.written + 1)));
        this.written += 1;
      } catch (error) {
        // Whether it took effect is not known: the same again does no harm.
        if (error instanceof ClientError && error.code === 'connection_loss') continue;
        this.failures.push(error);
      }
    }
  }
}
