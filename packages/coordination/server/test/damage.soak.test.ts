import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { JournalError } from '@reeve/journal';
import { RawClient, seededRandom, temporaryDirectory } from '@reeve/testkit';
import { coordinatorConfig } from '../src/config.ts';
import { createServer } from '../src/coordinator.ts';
import { CrashWriter, look } from './crash-writer.ts';
import { killed, rounds, type Serving, serving } from './serving.ts';
import type { SmallWorld } from './small-world.ts';

const damageRounds = rounds('REEVE_DAMAGE_ROUNDS', 8);
const copiesOfEach = 10;
const settings = { snapshotEntries: 150, segmentBytesMax: 64 * 1024 };
const base = '/c';

/** What a server left behind, and what was there after each of its writes. */
interface Past {
  readonly directory: string;
  readonly session: string;
  readonly moments: readonly { readonly world: SmallWorld; readonly zxid: number }[];
  /** The last write, which was the only one of its batch. */
  readonly lastZxid: number;
}

interface Damage {
  readonly file: string;
  readonly offset: number;
  /** How many of the last acknowledged writes may be cut off in silence: those a crash might have cut short. */
  readonly mayLose: 'the last write' | 'what was cut off';
}

async function past(ending: 'stopped' | 'killed', random: () => number): Promise<Past> {
  const directory = temporaryDirectory();
  const server = await serving({ dataDirectory: directory, ...settings });
  const writer = new CrashWriter(base, random);
  await writer.connect(server.port);
  await writer.write(200 + Math.floor(random() * 1_000));
  await writer.write(3, 1);
  await end(server, ending);
  await writer.destroy();
  const { history, acknowledgedZxid: lastZxid, sessionId: session } = writer;
  return { directory, moments: history, lastZxid, session };
}

async function end(server: Serving, ending: 'stopped' | 'killed'): Promise<void> {
  if (ending === 'killed') return killed(server);
  expect(await server.child.stop(20_000)).toEqual({ code: 0, signal: null });
}

function copied(directory: string): string {
  const copy = join(temporaryDirectory(), 'data');
  mkdirSync(copy);
  for (const name of dataFiles(directory)) copyFileSync(join(directory, name), join(copy, name));
  return copy;
}

function dataFiles(directory: string): string[] {
  return readdirSync(directory).filter((name) => /^(log|snapshot)\.[0-9a-f]+$/.test(name));
}

/** Files of a kind, oldest first. */
function filesOf(directory: string, kind: 'log' | 'snapshot'): string[] {
  const zxid = (name: string) => Number.parseInt(name.slice(kind.length + 1), 16);
  const names = dataFiles(directory).filter((name) => name.startsWith(kind));
  return names.sort((a, b) => zxid(a) - zxid(b)).map((name) => join(directory, name));
}

/** Any file of a kind; often the newest. */
function anyFile(directory: string, kind: 'log' | 'snapshot', random: () => number): string {
  const files = filesOf(directory, kind);
  return files.at(random() < 0.5 ? -1 : Math.floor(random() * files.length)) as string;
}

const damages: Readonly<Record<string, (directory: string, random: () => number) => Damage>> = {
  'a log that is cut off': (directory, random) => {
    return { ...cutOff(anyFile(directory, 'log', random), random), mayLose: 'what was cut off' };
  },
  'a changed byte in a log': (directory, random) => {
    return { ...changedByte(anyFile(directory, 'log', random), random), mayLose: 'the last write' };
  },
  'a snapshot that is cut off': (directory, random) => {
    return { ...cutOff(anyFile(directory, 'snapshot', random), random), mayLose: 'the last write' };
  },
  'a changed byte in a snapshot': (directory, random) => {
    return { ...changedByte(anyFile(directory, 'snapshot', random), random), mayLose: 'the last write' };
  },
  'a changed byte in every snapshot': (directory, random) => {
    const all = filesOf(directory, 'snapshot').map((file) => changedByte(file, random));
    return { ...(all.at(-1) as (typeof all)[0]), mayLose: 'the last write' };
  },
};

function cutOff(file: string, random: () => number): Pick<Damage, 'file' | 'offset'> {
  const offset = Math.floor(random() * statSync(file).size);
  truncateSync(file, offset);
  return { file, offset };
}

function changedByte(file: string, random: () => number): Pick<Damage, 'file' | 'offset'> {
  const bytes = readFileSync(file);
  const offset = Math.floor(random() * bytes.length);
  bytes[offset] = (bytes[offset] as number) ^ (1 + Math.floor(random() * 255));
  writeFileSync(file, bytes);
  return { file, offset };
}

/** Starts on what is left, and says how that went. */
async function restarted(
  dataDirectory: string,
  { session }: Past,
): Promise<{ zxid: number; world: string } | JournalError> {
  try {
    const coordinator = await createServer(coordinatorConfig({ dataDirectory, port: 0, ...settings }));
    const client = await RawClient.open(coordinator.port);
    const world = String(await look(client, base, session));
    await client.destroy();
    await coordinator.stop();
    return { zxid: coordinator.recovered.lastZxid, world };
  } catch (error) {
    if (error instanceof JournalError) return error;
    throw error;
  }
}

function worldAt({ moments }: Past, zxid: number): string {
  return String(moments.findLast((moment) => moment.zxid <= zxid)?.world);
}

async function expectRight(
  before: Past,
  directory: string,
  damage: Damage,
): Promise<'recovered' | 'shortened' | 'refused'> {
  const first = await restarted(directory, before);
  if (first instanceof JournalError) {
    expect(['log_corrupt', 'log_missing', 'snapshot_corrupt']).toContain(first.code);
    expect(first.message).toContain(first.code === 'log_missing' ? directory : damage.file);
    if (first.facts.code === 'log_corrupt') expect(first.facts.offset).toBeLessThanOrEqual(damage.offset);
    return 'refused';
  }
  expect(first.world).toBe(worldAt(before, first.zxid));
  if (damage.mayLose === 'the last write') expect(first.zxid).toBeGreaterThanOrEqual(before.lastZxid - 1);
  const second = await restarted(directory, before);
  expect(second).toMatchObject({ world: first.world });
  return first.zxid < before.lastZxid ? 'shortened' : 'recovered';
}

describe.each(Object.entries(damages))('%s', (what, damage) => {
  test.each(['stopped', 'killed'] as const)(
    'after the server was %s is noticed, or makes no difference, or costs what a crash may cost',
    async (ending) => {
      const seed = Number(process.env.REEVE_SEED ?? Math.floor(Math.random() * 2 ** 32));
      const random = seededRandom(seed);
      const counts = { recovered: 0, shortened: 0, refused: 0 };
      for (let round = 0; round < damageRounds; ) {
        const before = await past(ending, random);
        for (let copy = 0; copy < copiesOfEach && round < damageRounds; copy += 1, round += 1) {
          const directory = copied(before.directory);
          const done = damage(directory, random);
          counts[await expectRight(before, directory, done)] += 1;
          rmSync(directory, { recursive: true });
        }
      }
      console.info(`${what}, ${ending}: seed ${seed}, ${damageRounds} rounds, ${JSON.stringify(counts)}`);
      expect(counts.recovered + counts.shortened + counts.refused).toBe(damageRounds);
    },
    30_000 + damageRounds * 2_000,
  );
});
