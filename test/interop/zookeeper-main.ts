import { startProcess, type TestProcess, temporaryDirectory } from '@reeve/testkit';
import { classPath, javaFlags } from './java.ts';

const MAIN = ['java', ...javaFlags, '-cp', classPath, 'org.apache.zookeeper.ZooKeeperMain'];
/** What `printwatches` prints; it changes nothing and so marks the end of what the command before it printed. */
const END = /^printwatches is /;
const ANSWER_DEADLINE_MS = 30_000;

/** ZooKeeper's own shell (zkCli.sh), reading commands from a pipe. */
export class ZooKeeperMain {
  readonly #lines: string[] = [];
  readonly #events: string[] = [];
  #ended = 0;
  #process: TestProcess | undefined;

  static async start(address: string): Promise<ZooKeeperMain> {
    const shell = new ZooKeeperMain();
    shell.#process = await startProcess(errorsToo([...MAIN, '-waitforconnection', '-server', address]), {
      cwd: temporaryDirectory(),
      answer: (line) => shell.#hear(line),
    });
    await shell.ask('printwatches on');
    return shell;
  }

  /** Runs one command in a shell of its own. */
  static async once(address: string, ...command: readonly string[]): Promise<{ code: number | null; printed: string }> {
    const shell = await startProcess(errorsToo([...MAIN, '-server', address, ...command]));
    const { code } = await shell.exited;
    return { code, printed: shell.stdout };
  }

  /** What the command prints, without the watch events. */
  async ask(command: string): Promise<string> {
    this.#lines.length = 0;
    const ended = this.#ended;
    this.#running.write(command);
    this.#running.write('printwatches');
    const awaited = { deadlineMs: ANSWER_DEADLINE_MS, what: `the shell answers to ${command}` };
    await this.#running.until(() => this.#ended > ended, awaited);
    return this.#lines.join('\n');
  }

  /** Waits for a watch event, written as `NodeCreated /path`. */
  async hear(event: string): Promise<void> {
    await this.#running.until(() => this.#events.includes(event), { deadlineMs: 10_000, what: `${event} is heard` });
    this.#events.splice(this.#events.indexOf(event), 1);
  }

  /** Says `quit` and waits for the end. */
  async quit(): Promise<void> {
    this.#running.write('quit');
    await this.#running.exited;
  }

  get #running(): TestProcess {
    return this.#process as TestProcess;
  }

  #hear(line: string): undefined {
    const [, type, path] = /^WatchedEvent state:\S+ type:(\S+) path:(\S+)/.exec(line) ?? [];
    if (type !== undefined) this.#events.push(`${type} ${path}`);
    else if (END.test(line)) this.#ended += 1;
    else if (line !== 'WATCHER::') this.#lines.push(line);
  }
}

/** The shell prints refusals to standard error, in an order that counts. */
function errorsToo(argv: readonly string[]): readonly string[] {
  return ['sh', '-c', 'exec "$@" 2>&1', 'sh', ...argv];
}
