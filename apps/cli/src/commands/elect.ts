import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '@reeve/base';
import { type Client, isFinal } from '@reeve/client';
import type { Candidate, LeaderElection, LossReason } from '@reeve/recipes';
import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import { type Context, withClient } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { servicePath } from '../input/service-name.ts';
import { showParticipants } from '../output/participants.ts';
import { type HeldEnd, runHeld } from '../processes/held-line.ts';
import { withSettings } from '../settings.ts';
import { type Act, examples } from './act.ts';
import {
  commandLine,
  graceMsOf,
  lossWords,
  lostGraceMsOf,
  type RawHolding,
  safetyMsOf,
  sessionOf,
  untilStopped,
  withHolding,
} from './run-holding.ts';

/** How long to wait before a coordinator that did not answer is asked again, milliseconds. */
const AGAIN_MS = 1_000;

/** The options of `reeve elect`, as commander gives them. */
interface RawElect extends RawHolding {
  readonly who?: true;
}

const help = examples(
  'reeve elect scheduler -- ./scheduler         # on several machines: it runs on one of them',
  'reeve elect --who scheduler',
);

/** `reeve elect`: runs a command while elected. `line` is what stands after "--". */
export function addElect(program: Command, act: Act, line: readonly string[] | undefined): void {
  const elect = program
    .command('elect')
    .summary('run a command while elected')
    .description(
      'Stands for election and runs COMMAND while elected. When the election is lost, COMMAND is ended before anybody else ' +
        'can be elected, and we stand again, until Ctrl-C. When COMMAND ends by itself, so do we, with its exit code. ' +
        'COMMAND finds a number in REEVE_FENCE that grows from one leader to the next.',
    )
    .usage('[options] NAME -- COMMAND [ARG…]')
    .argument('<name>', 'the election')
    .option('--who', 'say who leads and who stands');
  withSettings(withHolding(elect))
    .addHelpText('after', help)
    .action((name: string, raw: RawElect, self: Command) =>
      act(self, (context) => runElect(context, { name, raw, line })),
    );
}

async function runElect(
  context: Context,
  { name, raw, line }: { readonly name: string; readonly raw: RawElect; readonly line: readonly string[] | undefined },
): Promise<ExitCode> {
  const path = servicePath(context.settings.root, 'elections', name);
  if (raw.who === true) {
    if (line !== undefined) throw usageError('--who runs no command');
    return withClient(context, (client) => showCandidates(context, client, path));
  }
  return new Standing(context, {
    name,
    path,
    raw,
    line: commandLine(line, `reeve elect ${name} -- ./scheduler`),
  }).run();
}

async function showCandidates({ output }: Context, client: Client, path: string): Promise<ExitCode> {
  const { LeaderElection } = await import('@reeve/recipes');
  const election = new LeaderElection(client, { path, data: Buffer.alloc(0) });
  await showParticipants(output, await election.candidates());
  return exitCodes.ok;
}

/** What somebody stands for, and what runs when elected. */
interface StandingOptions {
  readonly name: string;
  readonly path: string;
  readonly raw: RawElect;
  readonly line: readonly string[];
}

/** One who stands, again and again, until the command ends by itself or we are to stop. */
class Standing {
  readonly #context: Context;
  readonly #options: StandingOptions;

  constructor(context: Context, options: StandingOptions) {
    this.#context = context;
    this.#options = options;
  }

  async run(): Promise<ExitCode> {
    const { stop } = this.#context;
    for (let sessions = 1; ; sessions += 1) {
      try {
        const end = await untilStopped(this.#context, (started) => this.#inOneSession(started));
        if (end !== 'again') return end;
      } catch (error) {
        // Whoever has stood before goes on standing while no coordinator answers.
        if (sessions === 1 || codeOf(error) !== 'unreachable') throw error;
        await sleep(AGAIN_MS, undefined, { signal: stop }).catch(() => undefined);
      }
      if (stop.aborted) return exitCodes.interrupted;
    }
  }

  #inOneSession(started: () => void): Promise<ExitCode | 'again'> {
    const work = async (client: Client): Promise<ExitCode | 'again'> => {
      started();
      while (!isFinal(client.state)) {
        const end = await this.#stand(client);
        if (end !== 'again') return end;
      }
      return 'again';
    };
    return withClient(this.#context, work, sessionOf(this.#options.raw));
  }

  async #stand(client: Client): Promise<ExitCode | 'again'> {
    const { LeaderElection, selfDescription } = await import('@reeve/recipes');
    const { path } = this.#options;
    const election = new LeaderElection(client, { path, data: selfDescription(), safetyMs: safetyMsOf(client) });
    const lost = new AbortController();
    election.events.subscribe((event) => {
      if (event.kind === 'lost') lost.abort(event.reason);
    });
    try {
      const candidate = await this.#elected(election, lost.signal);
      if (this.#context.stop.aborted) return exitCodes.interrupted;
      if (candidate === undefined) return 'again';
      return this.#after(await this.#lead(client, candidate, lost.signal), lost.signal.reason);
    } finally {
      await election.stop();
    }
  }

  /** Resolves when elected; with nobody when that will not be, because we are to stop or the place in line is lost. */
  async #elected(election: LeaderElection, lost: AbortSignal): Promise<Candidate | undefined> {
    const { stop } = this.#context;
    const over = AbortSignal.any([stop, lost]);
    const elected = new Promise<void>((resolve) => {
      election.events.subscribe((event) => {
        if (event.kind === 'elected') resolve();
      });
    });
    try {
      await election.start({ signal: over });
    } catch (error) {
      if (over.aborted || codeOf(error) === 'session_over') return undefined;
      throw error;
    }
    if (!over.aborted) await Promise.race([elected, once(over, 'abort')]);
    return over.aborted ? undefined : election.candidate;
  }

  async #lead(client: Client, { czxid }: Candidate, lost: AbortSignal): Promise<HeldEnd> {
    const { stop } = this.#context;
    const { line, raw } = this.#options;
    const env = { REEVE_FENCE: String(czxid) };
    const lostGraceMs = () => lostGraceMsOf(client);
    return runHeld({ line, env, lost, stop, graceMs: graceMsOf(raw), lostGraceMs });
  }

  #after({ by, exitCode }: HeldEnd, reason: LossReason): ExitCode | 'again' {
    if (by !== 'loss') return by === 'stop' ? exitCodes.interrupted : exitCode;
    const { name } = this.#options;
    this.#context.output.note(
      `no longer elected for "${name}", and the command ended: ${lossWords[reason]}; stands again`,
    );
    return 'again';
  }
}
