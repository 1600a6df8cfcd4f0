import { readFile } from 'node:fs/promises';
import type { TaskId } from '@reeve/sdk';
import { z } from 'zod';
import { measureFile, type TextMeasure } from './measure.ts';
import type { Ending } from './story.ts';

/** What was counted at the end: the tasks against a direct computation, and the attempts by their ledger. */
export interface Evidence {
  readonly asked: number;
  readonly done: number;
  /** Tasks without a final status of success. */
  readonly lost: number;
  readonly finishedTwice: number;
  /** Tasks whose result is not what this process computes of the same file. */
  readonly wrong: number;
  /** Lines and words of all files, by the tasks and computed directly. */
  readonly totals: { readonly tasks: Totals; readonly direct: Totals };
  /** Attempts that were started, by the lines that they wrote themselves. */
  readonly attempts: number;
  /** Attempts beyond the first of a task. */
  readonly repeated: number;
  /** Tasks whose attempts started out of the order of their fencing tokens. */
  readonly fencesBroken: number;
}

interface Totals {
  readonly lines: number;
  readonly words: number;
}

const measureSchema = z.object({ lines: z.number(), words: z.number(), sha256: z.string() });
const entrySchema = z.object({ what: z.enum(['started', 'ending']), taskId: z.string(), fence: z.number() });
type Entry = z.infer<typeof entrySchema>;

/** Counts what came of the story. */
export async function gatherEvidence(
  { taskIds, statuses, finishedTwice }: Ending,
  { files, ledger }: { readonly files: readonly string[]; readonly ledger: string },
): Promise<Evidence> {
  const direct = await Promise.all(files.map(measureFile));
  const measured = statuses.map(({ result }) => measureSchema.safeParse(result).data);
  const started = (await readLedger(ledger)).filter(({ what }) => what === 'started');
  const done = statuses.filter(({ outcome }) => outcome === 'succeeded').length;
  return {
    asked: files.length,
    done,
    lost: files.length - done,
    finishedTwice,
    wrong: direct.filter((measure, at) => !isSame(measure, measured[at])).length,
    totals: { tasks: totalsOf(measured), direct: totalsOf(direct) },
    attempts: started.length,
    repeated: started.length - new Set(started.map(({ taskId }) => taskId)).size,
    fencesBroken: taskIds.filter((taskId) => !growsFence(started, taskId)).length,
  };
}

/** Whether all is as it must be. */
export function holds(evidence: Evidence): boolean {
  const { asked, done, lost, finishedTwice, wrong, fencesBroken } = evidence;
  return asked > 0 && done === asked && lost + finishedTwice + wrong + fencesBroken === 0;
}

async function readLedger(ledger: string): Promise<readonly Entry[]> {
  const lines = (await readFile(ledger, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => entrySchema.parse(JSON.parse(line)));
}

function growsFence(started: readonly Entry[], taskId: TaskId): boolean {
  const fences = started.filter((entry) => entry.taskId === taskId).map(({ fence }) => fence);
  return fences.every((fence, at) => at === 0 || fence > (fences[at - 1] as number));
}

function isSame(a: TextMeasure, b: TextMeasure | undefined): boolean {
  return a.lines === b?.lines && a.words === b.words && a.sha256 === b.sha256;
}

function totalsOf(measures: readonly (TextMeasure | undefined)[]): Totals {
  const sum = (of: (measure: TextMeasure) => number) =>
    measures.reduce((total, measure) => total + (measure === undefined ? 0 : of(measure)), 0);
  return { lines: sum(({ lines }) => lines), words: sum(({ words }) => words) };
}
