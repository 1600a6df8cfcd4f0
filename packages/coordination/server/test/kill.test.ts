import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { eventually, seededRandom, startProcess, type TestProcess, temporaryDirectory } from '@reeve/testkit';
import { RawClient } from './raw-client.ts';

const serve = fileURLToPath(new URL('fixtures/serve.mjs', import.meta.url));
const snapshotEntries = 2_000;
const connections = 4;
const depth = 50;

interface Serving {
  readonly child: TestProcess;
  readonly port: number;
  readonly recovered: { readonly lastZxid: number; readonly tornBytes: number };
}

async function serving(directory: string): Promise<Serving> {
  const child = await startProcess([process.execPath, serve, directory, String(snapshotEntries)]);
  const [, port, recovered] = await child.line(/listening on (\d+) with (.*)/);
  return { child, port: Number(port), recovered: JSON.parse(recovered as string) };
}

async function killed({ child }: Serving): Promise<void> {
  child.kill('SIGKILL');
  await child.exited;
}

/** Creates znodes one after the other, many in flight, until the connection is lost; says how many were acknowledged. */
async function load(client: RawClient, prefix: string): Promise<number> {
  let acknowledged = 0;
  let next = 0;
  const lane = async () => {
    for (;;) {
      const mine = next++;
      const { error } = await client.create(`${prefix}-${mine}`, `data of ${mine}`);
      if (error === 'lost') return;
      expect([mine, error]).toEqual([acknowledged, 'ok']);
      acknowledged += 1;
    }
  };
  await Promise.all(Array.from({ length: depth }, lane));
  return acknowledged;
}

/** How many of them are there: all of the first, none of the rest. */
async function kept(client: RawClient, prefix: string, acknowledged: number): Promise<number> {
  const count = acknowledged + depth + 1;
  const paths = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  const there = await Promise.all(paths.map((path) => client.exists(path)));
  const length = there.indexOf(false);
  expect(there.lastIndexOf(true)).toBe(length - 1);
  return length;
}

describe('a coordinator that is killed', () => {
  test('in the middle of a load has every write that it acknowledged', async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = seededRandom(seed);
    console.info(`seed ${seed}`);
    const directory = temporaryDirectory();
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < 5; round += 1) {
      const server = await serving(directory);
      await expectKept(server, acknowledged);
      const clients = await Promise.all(Array.from({ length: connections }, () => RawClient.open(server.port)));
      const loads = clients.map((client, i) => load(client, `/r${round}-c${i}`));
      await pause(random() * 400);
      await killed(server);
      for (const [i, count] of (await Promise.all(loads)).entries()) acknowledged.set(`/r${round}-c${i}`, count);
    }
    const server = await serving(directory);
    await expectKept(server, acknowledged);
    expect(Math.max(...acknowledged.values())).toBeGreaterThan(0);
    await killed(server);
  }, 60_000);
});

async function expectKept({ port }: Serving, acknowledged: ReadonlyMap<string, number>): Promise<void> {
  const client = await RawClient.open(port);
  for (const [prefix, count] of acknowledged) {
    expect(await kept(client, prefix, count)).toBeGreaterThanOrEqual(count);
  }
  await client.destroy();
}

describe('a coordinator whose log', () => {
  async function writtenLog(): Promise<{ directory: string; file: string; zxid: number }> {
    const directory = temporaryDirectory();
    const server = await serving(directory);
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
    const server = await serving(directory);
    expect(server.recovered).toMatchObject({ lastZxid: zxid, tornBytes: 68 });
    const warning = `"file":"${file}","offset":${bytes.length},"bytes":68`;
    await eventually(() => server.child.stderr.includes(warning), { what: 'the cut is logged' });
    expect(statSync(file).size).toBe(bytes.length);
    const client = await RawClient.open(server.port);
    expect(await client.exists('/n19')).toBe(true);
    expect((await client.create('/more')).error).toBe('ok');
    await client.destroy();
    await killed(server);
    expect((await serving(directory)).recovered.lastZxid).toBeGreaterThan(zxid);
  });

  test('has a changed byte in the middle refuses to start, and says where', async () => {
    const { directory, file } = await writtenLog();
    const bytes = readFileSync(file);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] as number) ^ 1;
    writeFileSync(file, bytes);
    const { exited, ...child } = await refused(directory);
    expect(await exited).toEqual({ code: 1, signal: null });
    expect(child.stderr()).toMatch(new RegExp(`log_corrupt: ${file} is damaged at byte \\d+: a batch is broken`));
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  async function refused(directory: string) {
    const child = await startProcess([process.execPath, serve, directory, String(snapshotEntries)]);
    return { exited: child.exited, stderr: () => child.stderr };
  }
});
