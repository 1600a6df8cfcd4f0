import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Told, ToldProcess } from '../../told/told-process.ts';
import { apacheZooKeeper, Engine, type EngineKind, reeve } from '../engine.ts';

const JARS = '/usr/share/java';
const curators = ['curator-client', 'curator-framework', 'curator-recipes', 'curator-x-discovery'];
const jars = [...curators, 'zookeeper', 'zookeeper-jute', 'jackson-databind', 'jackson-core', 'guava'];
const classPath = [...jars, 'slf4j-api', 'slf4j-nop'].map((name) => `${JARS}/${name}.jar`).join(':');
const sources = fileURLToPath(new URL('../../../bench/java/', import.meta.url));
const ours = fileURLToPath(new URL('./reeve-main.js', import.meta.url));
const JVM = ['-Xms1g', '-Xmx1g'];
const SNAP_COUNT = 100_000;

/** Who is measured: whose recipes, on whose servers. */
export type SideName = 'reeve' | 'curator' | 'reeve-on-zookeeper' | 'curator-on-reeve';

interface SideKind {
  readonly title: string;
  readonly engine: EngineKind;
  readonly library: 'reeve' | 'curator';
}

/** Every side there is. */
export const sideKinds: Readonly<Record<SideName, SideKind>> = {
  reeve: { title: 'Reeve', engine: reeve, library: 'reeve' },
  curator: { title: 'Curator on ZooKeeper', engine: apacheZooKeeper(JVM), library: 'curator' },
  'reeve-on-zookeeper': { title: "Reeve's recipes on ZooKeeper", engine: apacheZooKeeper(JVM), library: 'reeve' },
  'curator-on-reeve': { title: 'Curator on Reeve', engine: reeve, library: 'curator' },
};

/** A server, and what is needed to start clients of one library that load it. */
export class Side {
  readonly name: SideName;
  readonly #engine: Engine;
  readonly #classes: string;

  private constructor(name: SideName, engine: Engine, classes: string) {
    this.name = name;
    this.#engine = engine;
    this.#classes = classes;
  }

  /** Starts the server of a side. @param classes as `compileCurator` says */
  static async start(name: SideName, classes: string): Promise<Side> {
    const engine = await Engine.of(sideKinds[name].engine);
    await engine.start(SNAP_COUNT);
    return new Side(name, engine, classes);
  }

  get library(): 'reeve' | 'curator' {
    return sideKinds[this.name].library;
  }

  /** Starts a process that measures what it is told. */
  client(sessionMs: number): Promise<ToldProcess> {
    const words = [this.#engine.address, String(sessionMs)];
    const curator = ['java', ...JVM, '-cp', `${this.#classes}:${classPath}`, 'bench.CuratorBench', ...words];
    const argv = this.library === 'curator' ? curator : [process.execPath, ours, ...words];
    return ToldProcess.start(sideKinds[this.name].title, argv);
  }

  stop(): Promise<void> {
    return this.#engine.remove();
  }
}

/** What one side is told to do for a load; nothing where it has nothing like it. */
export type ToldBySide = Readonly<Partial<Record<'reeve' | 'curator', Told>>>;

/** Compiles our programs on Curator; says where the classes are, and how they go away. */
export async function compileCurator(): Promise<{ readonly classes: string; remove(): void }> {
  const classes = mkdtempSync(join(tmpdir(), 'reeve-bench-'));
  const files = readdirSync(sources).map((name) => join(sources, name));
  await promisify(execFile)('javac', ['-nowarn', '-d', classes, '-cp', classPath, ...files]);
  return { classes, remove: () => rmSync(classes, { recursive: true, force: true }) };
}
