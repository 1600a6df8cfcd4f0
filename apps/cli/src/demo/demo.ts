import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { interruptible } from '../processes/interruptible.ts';
import { Cluster } from './cluster.ts';
import { type Corpus, findCorpus } from './corpus.ts';
import { type Evidence, gatherEvidence } from './evidence.ts';
import { hashedBytesPerMs } from './measure.ts';
import { type DemoEvent, type Recovery, Story } from './story.ts';

/** What the demo is told. */
export interface DemoOptions {
  /** Where to look for text files; the repository of this program unless given. */
  readonly directory: string | undefined;
  /** How many coordinators: one alone, or the members of an ensemble. */
  readonly coordinators: number;
  readonly signal: AbortSignal;
  /** Called once it is known what to work on. */
  readonly begin: (plan: Plan) => void;
  readonly tell: (event: DemoEvent) => void;
}

/** What the demo is about to do. */
export interface Plan {
  readonly corpus: Corpus;
  readonly coordinators: number;
  /** How long a task works, about, milliseconds. */
  readonly taskMs: number;
}

/** What the demo has shown. */
export interface DemoResult {
  readonly evidence: Evidence;
  readonly recovery: Recovery;
  readonly tookMs: number;
}

/** The processor time that all tasks together take, about, per processor: enough to be struck three times. */
const WORK_MS = 9_000;
const SLOTS = 2;
const PARALLEL_MAX = 8;

/** Runs the demo below a temporary directory, and leaves nothing behind, whatever happens. */
export async function runDemo({ directory, coordinators, signal, begin, tell }: DemoOptions): Promise<DemoResult> {
  const startedAt = Date.now();
  const corpus = await findCorpus(directory);
  const taskMs = (WORK_MS * Math.min(cpus().length, PARALLEL_MAX)) / corpus.files.length;
  begin({ corpus, coordinators, taskMs });
  const work = await mkdtemp(join(tmpdir(), 'reeve-demo-'));
  const cluster = new Cluster({ directory: work, slots: SLOTS, coordinators });
  // Should this process end before it has cleaned up.
  const killAll = () => cluster.kill();
  process.once('exit', killAll);
  try {
    const files = await copyFiles(corpus, join(work, 'files'));
    const ledger = join(work, 'ledger.ndjson');
    const hashedBytes = Math.round(hashedBytesPerMs() * taskMs);
    const story = Story.tell({ cluster, coordinators, files, hashedBytes, ledger, signal, tell });
    const ending = await interruptible(story, signal);
    const evidence = await gatherEvidence(ending, { files, ledger });
    return { evidence, recovery: ending.recovery, tookMs: Date.now() - startedAt };
  } finally {
    await cluster.end();
    process.off('exit', killAll);
    // The last attempts end a moment after their workers, and may still write.
    await rm(work, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** Copies the files, so that nobody changes one between a task and the comparison. */
async function copyFiles({ files }: Corpus, directory: string): Promise<readonly string[]> {
  await mkdir(directory);
  const copies = files.map((file, at) => join(directory, `${String(at).padStart(4, '0')}${extname(file)}`));
  await Promise.all(files.map((file, at) => copyFile(file, copies[at] as string)));
  return copies;
}
