import { existsSync } from 'node:fs';
import { startProcess, TestkitError, type TestProcess } from '@reeve/testkit';
import { type Served, type ServerDeed, ServerUnderTest } from './server-under-test.ts';

/** How long one case of a program in another language may take, milliseconds. */
export const CASE_DEADLINE_MS = 150_000;

/** A test program in another language. */
export interface ForeignProgram {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What it tests, and may ask us to stop and start. */
  readonly engine: Served;
}

/**
 * What a test program in another language finds out, case by case. It writes lines of JSON to standard output:
 * `{"case": name}` for a case that passed, `{"case": name, "why": text}` for one that failed, and
 * `{"engine": "stop" | "start" | "kill" | "pause" | "resume"}` to have something done to the server, of an ensemble to the
 * leader or the member `at` an address, which is answered by the line `done`. Other lines say nothing.
 */
export class ForeignCases {
  readonly #outcomes = new Map<string, string>();
  #process: TestProcess | undefined;

  /** Starts the program; it ends with the test file. */
  static async start({ argv, env = {}, engine }: ForeignProgram): Promise<ForeignCases> {
    const cases = new ForeignCases();
    const server = new ServerUnderTest(engine);
    const answer = (line: string) => cases.#hear(line, server);
    cases.#process = await startProcess(argv, { env, answer });
    return cases;
  }

  /** `passed`, or what went wrong; waits until the program has come that far. */
  async outcome(name: string): Promise<string> {
    const what = `the outcome of ${name} is reported`;
    const outcome = () => this.#outcomes.get(name);
    return (this.#process as TestProcess).until(outcome, { deadlineMs: CASE_DEADLINE_MS, what });
  }

  async #hear(line: string, server: ServerUnderTest): Promise<string | undefined> {
    const said = parsed(line);
    if (said === undefined) return undefined;
    if ('case' in said) this.#outcomes.set(said.case, said.why ?? 'passed');
    if (!('engine' in said)) return undefined;
    await server.perform(said);
    return 'done';
  }
}

type SaidLine = ServerDeed | { readonly case: string; readonly why?: string };

function parsed(line: string): SaidLine | undefined {
  return line.startsWith('{"') ? (JSON.parse(line) as SaidLine) : undefined;
}

/**
 * Refuses to go on without what other people's clients need.
 *
 * @throws TestkitError `not_installed`
 */
export function requireFiles(packages: string, ...files: readonly string[]): void {
  const missing = files.find((file) => !existsSync(file));
  if (missing === undefined) return;
  const advice = `install Debian's ${packages}; .ci/install-peers installs all that these tests need`;
  throw new TestkitError({ code: 'not_installed' }, `${missing} is not there: ${advice}`);
}
