import { fileURLToPath } from 'node:url';
import { startProcess, TestkitError, type TestProcess } from '@reeve/testkit';
import { classPath, javaFlags } from '../java.ts';

const MS_PER_S = 1000;

/** Whose recipes a member uses. */
export type Library = 'curator' | 'kazoo' | 'reeve';

/** What a member of a mixed company is started with. */
export interface MemberOptions {
  /** `host:port` of the server. */
  readonly address: string;
  readonly sessionMs: number;
  /** Where the compiled classes of our programs in Java are. */
  readonly classes: string;
}

const ours = fileURLToPath(new URL('../../dist/interop/company/reeve/main.js', import.meta.url));
const kazoos = fileURLToPath(new URL('../kazoo/company.py', import.meta.url));

const commands: Readonly<Record<Library, (options: MemberOptions) => readonly string[]>> = {
  curator: ({ address, sessionMs, classes }) => {
    const path = `${classes}:${classPath}`;
    return ['java', ...javaFlags, '-cp', path, 'interop.Company', address, String(sessionMs)];
  },
  kazoo: ({ address, sessionMs }) => ['/usr/bin/python3', '-B', kazoos, address, String(sessionMs / MS_PER_S)],
  reeve: ({ address, sessionMs }) => [process.execPath, ours, address, String(sessionMs)],
};

/** What a tool is opened with, or told. */
export type With = Readonly<Record<string, unknown>>;

interface Asked {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** A process that works with one library's recipes, as it is told, and can be killed. */
export class Member {
  readonly library: Library;
  readonly #asked = new Map<number, Asked>();
  #process!: TestProcess;
  #isReady: 'no' | 'yes' = 'no';
  #ids = 0;
  #tools = 0;

  private constructor(library: Library) {
    this.library = library;
  }

  /** Starts one with a session; it ends with the test file. */
  static async start(library: Library, options: MemberOptions): Promise<Member> {
    const member = new Member(library);
    const answer = async (line: string) => member.#hear(line);
    const env = library === 'reeve' ? { NODE_NO_WARNINGS: '1' } : {};
    member.#process = await startProcess(commands[library](options), { answer, env });
    member.#process.exited.then(() => member.#fail());
    await member.#process.until(() => member.#isReady === 'yes', { deadlineMs: 60_000, what: `${library} is ready` });
    return member;
  }

  /** Opens a recipe of the library at a path. */
  async open(kind: string, path: string, options: With = {}): Promise<Tool> {
    this.#tools += 1;
    const tool = new Tool(this, `${kind}-${this.#tools}`);
    await tool.ask('open', { ...options, kind, path });
    return tool;
  }

  /** Has a tool do something; resolves with its answer, which may take as long as a lock is held by others. */
  ask(tool: string, what: string, told: With): Promise<unknown> {
    this.#ids += 1;
    const id = this.#ids;
    this.#process.write(JSON.stringify({ ...told, id, tool, what }));
    return new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }));
  }

  /** Ends it with SIGKILL: nothing of it can be taken back by itself. */
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
    else asked?.reject(new TestkitError({ code: 'process_failed' }, `${this.library}: ${error}`));
  }

  #fail(): void {
    const why = new TestkitError({ code: 'process_failed' }, `${this.library} has ended: ${this.#process.stderr}`);
    for (const { reject } of this.#asked.values()) reject(why);
    this.#asked.clear();
  }
}

/** One recipe of a member at one path. What it is told, it does one after the other. */
export class Tool {
  readonly member: Member;
  readonly #name: string;

  constructor(member: Member, name: string) {
    this.member = member;
    this.#name = name;
  }

  ask(what: string, told: With = {}): Promise<unknown> {
    const asked = this.member.ask(this.#name, what, told);
    // Whoever waits for it hears of it; nobody waits for what a killed one was told last.
    asked.catch(() => undefined);
    return asked;
  }
}
