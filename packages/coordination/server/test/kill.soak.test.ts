import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { eventually, RawClient, seededRandom, temporaryDirectory } from '@reeve/testkit';
import { CrashWriter } from './crash-writer.ts';
import { killed, launched, rounds, type Serving, type ServingConfig, serving } from './serving.ts';

const writers = 4;
const killRounds = rounds('REEVE_KILL_ROUNDS', 12);
const loadMsMax = 400;

/** Snapshots and log files so small that crashes meet all of their making and removing. */
function config(dataDirectory: string): ServingConfig {
  return { dataDirectory, snapshotEntries: 150, segmentBytesMax: 64 * 1024 };
}

describe('a coordinator that is killed', () => {
  test(
    'at any moment has every write that it acknowledged, and none by half',
    async () => {
      const seed = Number(process.env.REEVE_SEED ?? Math.floor(Math.random() * 2 ** 32));
      const random = seededRandom(seed);
      const dataDirectory = temporaryDirectory();
      const all = Array.from({ length: writers }, (_, i) => new CrashWriter(`/c${i}`, random));
      let written = 0;
      for (let round = 0; round < killRounds; round += 1) {
        const server = await serving(config(dataDirectory));
        await expectKept(server, all);
        const loads = all.map((writer) => writer.write());
        await pause(random() * loadMsMax);
        await killed(server);
        await Promise.all(loads);
        written += all.reduce((sum, { history }) => sum + history.length - 1, 0);
      }
      const server = await serving(config(dataDirectory));
      await expectKept(server, all);
      await killed(server);
      console.info(`seed ${seed}: ${killRounds} kills, ${written} writes acknowledged`);
      expect(written).toBeGreaterThan(0);
    },
    20_000 + killRounds * 10_000,
  );
});

/** Sessions are there, too: with them their ephemerals, none of which can have expired. */
async function expectKept({ port, recovered }: Serving, all: readonly CrashWriter[]): Promise<void> {
  for (const writer of all) {
    expect(recovered.lastZxid).toBeGreaterThanOrEqual(writer.acknowledgedZxid);
    await writer.connect(port);
    await writer.verify();
  }
}

describe('a coordinator whose log', () => {
  async function writtenLog(): Promise<{ directory: string; file: string; zxid: number }> {
    const directory = temporaryDirectory();
    const server = await serving(config(directory));
    const client = await RawClient.open(server.port);
    let zxid = 0;
    for (let i = 0; i < 20; i += 1) zxid = (await client.create(`/n${i}`)).zxid;
    await client.destroy();
    await killed(server);
    const log = readdirSync(directory).find((name) => /^log\.[0-9a-f]+$/.test(name));
    return { directory, file: join(directory, log as string), zxid };
  }

  test('ends in half a write cuts it off, says so, and goes on', async () => {
    const { directory, file, zxid } = await writtenLog();
    const bytes = readFileSync(file);
    appendFileSync(file, bytes.subarray(32, 100));
    const server = await serving(config(directory));
    expect(server.recovered).toMatchObject({ lastZxid: zxid, tornBytes: 68 });
    const warning = `"file":"${file}","offset":${bytes.length},"bytes":68`;
    await eventually(() => server.child.stderr.includes(warning), { what: 'the cut is logged' });
    expect(statSync(file).size).toBe(bytes.length);
    const client = await RawClient.open(server.port);
    expect(await client.exists('/n19')).toBe(true);
    expect((await client.create('/more')).error).toBe('ok');
    await client.destroy();
    await killed(server);
    expect((await serving(config(directory))).recovered.lastZxid).toBeGreaterThan(zxid);
  });

  test('has a changed byte in the middle refuses to start, and says where', async () => {
    const { directory, file } = await writtenLog();
    const bytes = readFileSync(file);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] as number) ^ 1;
    writeFileSync(file, bytes);
    const child = await launched(config(directory));
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(child.stderr).toMatch(new RegExp(`log_corrupt: ${file} is damaged at byte \\d+: a batch is broken`));
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });
});
