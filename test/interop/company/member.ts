import { fileURLToPath } from 'node:url';
import { type Told, ToldProcess } from '../../told/told-process.ts';
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

/** A process that works with one library's recipes, as it is told, and can be killed. */
export class Member {
  readonly library: Library;
  readonly #process: ToldProcess;
  #tools = 0;

  private constructor(library: Library, process: ToldProcess) {
    this.library = library;
    this.#process = process;
  }

  /** Starts one with a session; it ends with the test file. */
  static async start(library: Library, options: MemberOptions): Promise<Member> {
    return new Member(library, await ToldProcess.start(library, commands[library](options)));
  }

  /** Opens a recipe of the library at a path. */
  async open(kind: string, path: string, options: Told = {}): Promise<Tool> {
    this.#tools += 1;
    const tool = new Tool(this.#process, `${kind}-${this.#tools}`);
    await tool.ask('open', { ...options, kind, path });
    return tool;
  }

  /** Ends it with SIGKILL. */
  kill(): Promise<void> {
    return this.#process.kill();
  }
}

/** One recipe of a member at one path. What it is told, it does one after the other. */
export class Tool {
  readonly #process: ToldProcess;
  readonly #name: string;

  constructor(process: ToldProcess, name: string) {
    this.#process = process;
    this.#name = name;
  }

  /** Resolves with the answer, which may take as long as somebody else holds what was asked for. */
  ask(what: string, told: Told = {}): Promise<unknown> {
    return this.#process.ask({ ...told, tool: this.#name, what });
  }
}
