import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { formatDuration } from '../input/duration.ts';
import { renderDetails } from '../output/details.ts';
import type { Output } from '../output/output.ts';
import { SESSION_TIMEOUT_MS } from './cluster.ts';
import type { DemoResult, Plan } from './demo.ts';
import { holds } from './evidence.ts';
import type { DemoEvent } from './story.ts';

/** What recovery may take: the session time-out, and this much to notice its end and to act on it. */
const BOUND_MS = SESSION_TIMEOUT_MS + 300;
/** Where there is no bar, progress is a line per so many percent. */
const PERCENT_PER_LINE = 20;

/** Shows the demo as it happens: a bar below a list of events on a terminal, lines elsewhere. */
export class DemoView {
  readonly #output: Output;
  readonly #startedAt = Date.now();
  readonly #bars: MultiBar | undefined;
  #bar: SingleBar | undefined;
  #percentShown = 0;

  /** @param terminal where to draw a bar; none unless a person looks at it */
  constructor(output: Output, terminal: NodeJS.WriteStream | undefined) {
    this.#output = output;
    if (terminal === undefined) return;
    const format = '  {bar} {value} of {total} tasks finished';
    const options = { format, stream: terminal, hideCursor: true, clearOnComplete: true, barsize: 30, fps: 20 };
    this.#bars = new MultiBar(options, Presets.shades_classic);
  }

  begin(plan: Plan): void {
    const output = this.#output;
    if (output.format === 'json') return void output.json({ kind: 'plan', ...planFacts(plan) });
    const { files, megabytes, roots, taskMs } = planFacts(plan);
    const coordinators = plan.coordinators === 1 ? '1 coordinator' : `${plan.coordinators} coordinators`;
    const details = renderDetails(
      [
        ['files', `${files} text files, ${megabytes} MB, found below ${roots.join(' and ')}`],
        ['tasks', `one for each: lines, words and SHA-256; it hashes its file for about ${taskMs} ms, to last`],
        ['processes', `${coordinators}, 3 masters, 4 workers with 2 slots each, all on this machine`],
        ['time-out', `${SESSION_TIMEOUT_MS / 1_000} s: so long is a silent master or worker waited for`],
      ],
      output,
    );
    void output.line(`${output.colors.bold('Reeve at work while its processes are killed')}\n\n${details}\n`);
  }

  show(event: DemoEvent): void {
    if (event.kind === 'progress') return this.#progress(event);
    if (this.#output.format === 'json') return void this.#output.json({ at: Date.now(), ...event });
    const elapsed = `${((Date.now() - this.#startedAt) / 1_000).toFixed(1)} s`;
    this.#line(`${this.#output.colors.dim(elapsed.padStart(7))}  ${this.#words(event)}`);
  }

  /** Takes the bar away. */
  end(): void {
    this.#bars?.stop();
  }

  async result(result: DemoResult): Promise<void> {
    const output = this.#output;
    if (output.format === 'json') return output.json({ kind: 'result', ok: holds(result.evidence), ...result });
    await output.line(`\n${renderResult(result, output)}`);
  }

  #progress({ finished, tasks }: Extract<DemoEvent, { readonly kind: 'progress' }>): void {
    if (this.#output.format === 'json') return;
    if (this.#bars !== undefined) {
      this.#bar ??= this.#bars.create(tasks, 0);
      this.#bar.update(finished);
      return;
    }
    const percent = Math.floor((100 * finished) / tasks / PERCENT_PER_LINE) * PERCENT_PER_LINE;
    if (percent <= this.#percentShown) return;
    this.#percentShown = percent;
    this.#line(`${' '.repeat(9)}${finished} of ${tasks} tasks finished`);
  }

  #line(text: string): void {
    if (this.#bars !== undefined && this.#bar !== undefined) this.#bars.log(`${text}\n`);
    else void this.#output.line(text);
  }

  #words(event: Exclude<DemoEvent, { readonly kind: 'progress' }>): string {
    const { bold, red, green } = this.#output.colors;
    switch (event.kind) {
      case 'starting':
        return `starting ${event.processes} processes, and those that run the handlers`;
      case 'serving':
        return `all processes serve at ${event.connect}; ${event.primary} is primary`;
      case 'submitted':
        return `submitted ${event.tasks} tasks in ${event.ms} ms`;
      case 'killed':
        return `${red(bold('kill -9'))}  ${event.what} (process ${event.pid})`;
      case 'recovered':
        return `${green('recovered')}  ${event.what}, ${bold(formatMs(event.ms))} after the kill`;
    }
  }
}

function planFacts({ corpus, taskMs }: Plan) {
  const megabytes = Number((corpus.bytes / 1e6).toFixed(1));
  return { files: corpus.files.length, megabytes, roots: corpus.roots, taskMs: Math.round(taskMs) };
}

/** What was shown, for people. What is not as it must be is marked. */
export function renderResult({ evidence, recovery, tookMs }: DemoResult, output: Pick<Output, 'colors'>): string {
  const { green, red, yellow, bold } = output.colors;
  const { asked, done, lost, finishedTwice, wrong, totals, attempts, repeated, fencesBroken } = evidence;
  const mustBeNone = (count: number) => (count === 0 ? green('0') : red(bold(String(count))));
  const bounded = (ms: number) =>
    `${ms <= BOUND_MS ? green(formatMs(ms)) : yellow(formatMs(ms))}  (bound: ${formatMs(BOUND_MS)}, time-out + 300 ms)`;
  const sums = ({ lines, words }: { lines: number; words: number }) =>
    `${lines.toLocaleString('en')} lines, ${words.toLocaleString('en')} words`;
  const details = renderDetails(
    [
      ['tasks done', `${done === asked ? green(String(done)) : red(String(done))} of ${asked}`],
      ['lost', mustBeNone(lost)],
      ['finished twice', mustBeNone(finishedTwice)],
      [
        'wrong results',
        `${mustBeNone(wrong)}  (tasks: ${sums(totals.tasks)}; computed directly: ${sums(totals.direct)})`,
      ],
      ['attempts', `${attempts} started; ${repeated} because a kill had ended the one before`],
      ['fences broken', mustBeNone(fencesBroken)],
      ['fail-over', bounded(recovery.failoverMs)],
      ['reassignment', `${bounded(recovery.reassignmentMs)}  of ${recovery.reassigned} tasks`],
      ['coordinator', `away for ${formatMs(recovery.outageMs)}`],
    ],
    output,
  );
  const verdict = holds(evidence)
    ? green(bold(`Nothing was lost, and nothing was done twice. (${formatDuration(tookMs)})`))
    : red(bold('Something is different from what it must be.'));
  return `${details}\n\n${verdict}`;
}

function formatMs(ms: number): string {
  return `${ms.toLocaleString('en')} ms`;
}
