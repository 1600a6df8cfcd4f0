/** One line of a section: a login module and its options. */
export interface LoginModule {
  readonly name: string;
  readonly options: ReadonlyMap<string, string>;
}

/** A JAAS file that says something it may not. */
export interface JaasFault {
  readonly line: number;
  readonly reason: string;
}

/**
 * Reads a Java login configuration: `Section { Module flag option=value …; … };` with the sections' modules by name.
 */
export function parseJaas(text: string): ReadonlyMap<string, readonly LoginModule[]> | JaasFault {
  const reading = new Reading(tokensOf(text));
  const sections = new Map<string, readonly LoginModule[]>();
  while (reading.goesOn) {
    const name = reading.take();
    const modules = sectionOf(reading);
    if (reading.fault !== undefined) return reading.fault;
    sections.set(name, modules);
  }
  return sections;
}

const flags: ReadonlySet<string> = new Set(['required', 'requisite', 'sufficient', 'optional']);

function sectionOf(reading: Reading): readonly LoginModule[] {
  const modules: LoginModule[] = [];
  reading.expect('{');
  while (!reading.takeIf('}')) {
    const name = reading.take();
    const flag = reading.take();
    if (!flags.has(flag.toLowerCase())) reading.complain(`${flag} is none of ${[...flags].join(', ')}`);
    const options = optionsOf(reading);
    if (reading.fault !== undefined) return modules;
    modules.push({ name, options });
  }
  reading.expect(';');
  return modules;
}

function optionsOf(reading: Reading): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  while (reading.fault === undefined && !reading.takeIf(';')) {
    const name = reading.take();
    reading.expect('=');
    options.set(name, reading.take());
  }
  return options;
}

interface Token {
  readonly text: string;
  readonly line: number;
  readonly kind: 'word' | 'sign';
}

/** Comments, quoted texts, signs and words; what is none of them is a sign that nobody expects. */
const TOKEN = /\/\/.*|\/\*[\s\S]*?\*\/|"((?:[^"\\]|\\[\s\S])*)"|([{};=])|((?:(?!\/\/|\/\*)[^\s{};="])+)|(\S)/g;

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let counted = 0;
  for (const { index, 1: quoted, 2: sign, 3: word, 4: other } of text.matchAll(TOKEN)) {
    line += text.slice(counted, index).split('\n').length - 1;
    counted = index;
    if (quoted !== undefined) tokens.push({ text: quoted.replace(/\\([\s\S])/g, '$1'), line, kind: 'word' });
    else if (word !== undefined) tokens.push({ text: word, line, kind: 'word' });
    else if (sign !== undefined || other !== undefined) tokens.push({ text: sign ?? other ?? '', line, kind: 'sign' });
  }
  return tokens;
}

class Reading {
  /** The first thing that was wrong. */
  fault: JaasFault | undefined;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get goesOn(): boolean {
    return this.#next < this.#tokens.length && this.fault === undefined;
  }

  /** The next word. */
  take(): string {
    const token = this.#tokens[this.#next];
    if (token?.kind !== 'word') this.complain(`a word is missing before ${token?.text ?? 'the end'}`);
    this.#next += 1;
    return token?.text ?? '';
  }

  /** Whether the next token is this sign, which is taken then. There is nothing to take once something was wrong. */
  takeIf(sign: string): boolean {
    if (this.fault !== undefined) return true;
    const token = this.#tokens[this.#next];
    if (token?.kind !== 'sign' || token.text !== sign) return false;
    this.#next += 1;
    return true;
  }

  expect(sign: string): void {
    if (!this.takeIf(sign)) this.complain(`${sign} is missing before ${this.#tokens[this.#next]?.text ?? 'the end'}`);
  }

  complain(reason: string): void {
    const token = this.#tokens[Math.min(this.#next, this.#tokens.length - 1)];
    this.fault ??= { line: token?.line ?? 1, reason };
  }
}
