import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startProcess, TestkitError, temporaryDirectory } from '@reeve/testkit';
import { ForeignCases, requireFiles } from './foreign-cases.ts';
import { type Served, ServerUnderTest } from './server-under-test.ts';

const JARS = '/usr/share/java';
const names = ['zookeeper', 'zookeeper-jute', 'curator-client', 'curator-framework', 'curator-recipes'];
const jars = [...names, 'curator-x-discovery', 'jackson-databind', 'jackson-core', 'guava', 'slf4j-api', 'slf4j-nop'];
const here = fileURLToPath(new URL('./java/', import.meta.url));
const sources = readdirSync(here).map((name) => `${here}${name}`);

/** Where ZooKeeper's and Curator's classes are. */
export const classPath = jars.map((name) => `${JARS}/${name}.jar`).join(':');

/** Little memory, and little work on code that soon ends. */
export const javaFlags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/**
 * The chapters of our cases in Java. Those with faults stop the server and run one by one, the others many at a time;
 * what an ensemble lives through begins with the faults of its leader.
 */
export type Chapter = 'calm' | 'faults' | 'ensemble' | 'sasl';

/** The chapter of files that say so by their names; the others are calm. */
const chapterOfFile: Readonly<Record<string, Chapter>> = { Fault: 'faults', Ensemble: 'ensemble', Sasl: 'sasl' };

/** The names of the cases of a chapter. */
export function casesOf(chapter: Chapter): readonly string[] {
  const chapters = chapter === 'ensemble' ? ['faults', 'ensemble'] : [chapter];
  const texts = sources.filter((file) => chapters.includes(chapterOf(file))).map((file) => readFileSync(file, 'utf8'));
  return texts.flatMap((text) => [...text.matchAll(/cases\.add\("([^"]+)"/g)].map(([, name = '']) => name));
}

function chapterOf(file: string): Chapter {
  return chapterOfFile[/(\w+)Cases\.java$/.exec(file)?.[1] ?? ''] ?? 'calm';
}

/**
 * Refuses to go on without Java and the jars.
 *
 * @throws TestkitError `not_installed`
 */
export function requireJava(): void {
  const packages = 'default-jdk-headless libzookeeper-java libcurator-recipes-java libcurator-discovery-java';
  requireFiles(packages, '/usr/bin/javac', ...classPath.split(':'));
}

/**
 * Compiles our cases; the directory of the classes goes with the test file.
 *
 * @throws TestkitError `process_failed`
 */
export async function compileCases(): Promise<string> {
  const classes = temporaryDirectory();
  const javac = await startProcess(['javac', '-nowarn', '-d', classes, '-cp', classPath, ...sources]);
  const { code } = await javac.exited;
  if (code !== 0) throw new TestkitError({ code: 'process_failed' }, `the cases do not compile:\n${javac.stderr}`);
  return classes;
}

/** What runs a chapter. */
export interface ChapterOptions {
  readonly chapter: Chapter;
  readonly engine: Served;
  /** As `compileCases` says. */
  readonly classes: string;
  /** Java system properties. */
  readonly properties?: readonly string[];
}

/** Starts the cases of a chapter against a server or an ensemble. */
export function startChapter({ chapter, engine, classes, properties = [] }: ChapterOptions): Promise<ForeignCases> {
  const { address } = new ServerUnderTest(engine);
  const flags = [...javaFlags, ...properties.map((property) => `-D${property}`)];
  const argv = ['java', ...flags, '-cp', `${classes}:${classPath}`, 'interop.Main', chapter, address];
  return ForeignCases.start({ argv, engine });
}
