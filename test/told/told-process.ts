import { startProcess, TestkitError, type TestProcess } from '@reeve/testkit';

const READY_MS_MAX = 60_000;
/** Enough of a stack trace to see why. */
const STDERR_CHARACTERS_MAX = 4_000;

/** What a process is told to do, and with what. */
export type Told = Readonly<Record<string, unknown>>;

interface Asked {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/**
 * A program of any language that does what it is told by lines of JSON: it says `{"ready": true}` when it can begin,
 * and answers each line `{"id": 1, …}` by `{"id": 1, "answer": …}` or `{"id": 1, "error": …}`, in any order.
 */
export class ToldProcess {
  readonly #name: string;
  readonly #asked = new Map<number, Asked>();
  #process!: TestProcess;
  #isReady: 'no' | 'yes' = 'no';
  #ids = 0;

  private constructor(name: string) {
    this.#name = name;
  }

  /**
   * Starts one; resolves when it is ready. It ends with the test.
   *
   * @param name for messages
   * @throws TestkitError `process_failed` or `did_not_happen`
   */
  static async start(name: string, argv: readonly string[]): Promise<ToldProcess> {
    const told = new ToldProcess(name);
    const answer = async (line: string) => told.#hear(line);
    told.#process = await startProcess(argv, { answer });
    told.#process.exited.then(
      () => told.#fail(),
      () => undefined,
    );
    const what = `${name} is ready`;
    await told.#process.until(() => told.#isReady === 'yes', { deadlineMs: READY_MS_MAX, what });
    return told;
  }

  /** Tells it something; resolves with the answer, however long that takes. */
  ask(told: Told): Promise<unknown> {
    this.#ids += 1;
    const id = this.#ids;
    const answered = new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
    // Whoever waits for it hears of it; nobody waits for what a killed one was told last.
    answered.catch(() => undefined);
    this.#process.write(JSON.stringify({ ...told, id }));
    return answered;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Ends it with SIGKILL, so that it takes nothing back. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#process.exited;
  }

  #hear(line: string): undefined {
    if (!line.startsWith('{')) return;
    const { id, answer, error } = JSON.parse(line) as { id?: number; answer?: unknown; error?: string };
    if (id === undefined) {
      this.#isReady = 'yes';
      return;
    }
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (error === undefined) asked?.resolve(answer);
    else asked?.reject(new TestkitError({ code: 'process_failed' }, `${this.#name}: ${error}`));
  }

  #fail(): void {
    const stderr = this.#process.stderr.slice(-STDERR_CHARACTERS_MAX);
    const why = new TestkitError({ code: 'process_failed' }, `${this.#name} has ended: ${stderr}`);
    for (const { reject } of this.#asked.values()) reject(why);
    this.#asked.clear();
  }
}
