import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf, messageOf } from '@reeve/base';
import type { JsonValue } from '@reeve/configuration';
import { CliError, usageError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { environmentOf } from './config-environment.ts';

/** How a file is made of values. */
export interface ConfigFileOptions {
  readonly file: string;
  /** A file with a Handlebars template; JSON, or lines for `.env`, unless given. */
  readonly template: string | undefined;
  /** A command for the shell; `{}` stands for the file that is to be put in place. */
  readonly check: string | undefined;
}

/** What of values goes into a file. */
export interface ConfigContent {
  readonly values: ReadonlyMap<string, JsonValue>;
  /** The same, as objects. */
  readonly document: JsonValue;
}

/** `written`: it is in place; `same`: there is nothing new to put in place. */
export type FileOutcome = 'written' | 'same';

type Render = (content: ConfigContent) => string;

/** A file that is made of values: checked before it is put in place, and put in place as a whole. */
export class ConfigFile {
  readonly file: string;
  readonly #render: Render;
  readonly #check: string | undefined;

  private constructor({ file, check }: ConfigFileOptions, render: Render) {
    this.file = file;
    this.#check = check;
    this.#render = render;
  }

  /** Reads the template. @throws CliError `usage` when it is none */
  static async open(options: ConfigFileOptions): Promise<ConfigFile> {
    return new ConfigFile(options, await renderOf(options));
  }

  /** Whether there is one from before. */
  async isThere(): Promise<boolean> {
    return access(this.file).then(
      () => true,
      () => false,
    );
  }

  /**
   * Puts the file in place.
   *
   * @throws CliError `config_refused` when it cannot be made or the check fails; then what was in place stays
   */
  async put(content: ConfigContent): Promise<FileOutcome> {
    const text = this.#rendered(content);
    const present = await readFile(this.file, 'utf8').catch(() => undefined);
    if (present === text) return 'same';
    // Beside it, so that the check finds what the file refers to, and so that the change is one step.
    const fresh = join(dirname(this.file), `.${basename(this.file)}.${process.pid}`);
    try {
      await writeFile(fresh, text);
      if (present !== undefined) await chmod(fresh, (await stat(this.file)).mode);
      if (this.#check !== undefined) await runCheck(this.#check, fresh);
      await rename(fresh, this.file);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error instanceof CliError ? error : refused(`cannot write ${this.file}: ${messageOf(error)}`);
    }
    return 'written';
  }

  #rendered(content: ConfigContent): string {
    try {
      return this.#render(content);
    } catch (error) {
      throw refused(`the template cannot be filled: ${messageOf(error)}`);
    }
  }
}

async function renderOf({ file, template }: ConfigFileOptions): Promise<Render> {
  if (template !== undefined) return templateRender(template);
  if (file.endsWith('.env')) return ({ values }) => envLines(values);
  return ({ document }) => `${JSON.stringify(document, null, 2)}\n`;
}

async function templateRender(template: string): Promise<Render> {
  const { default: handlebars } = await import('handlebars');
  try {
    const fill = handlebars.compile(await readFile(template, 'utf8'), { noEscape: true, strict: true });
    return ({ document }) => fill(document);
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error);
    throw usageError(`cannot read the template ${template}: ${why}`);
  }
}

function envLines(values: ReadonlyMap<string, JsonValue>): string {
  const lines = Object.entries(environmentOf(values, '')).map(([name, value]) => `${name}=${quoted(value)}\n`);
  return lines.join('');
}

/** As a shell, and those who read such files, understand it. */
function quoted(value: string): string {
  return /^[\w@%+:,./-]*$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

async function runCheck(check: string, file: string): Promise<void> {
  const child = spawn('/bin/sh', ['-c', check.replaceAll('{}', file)], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = await once(child, 'close');
  if (code !== 0) throw refused(`the check has failed (${code ?? 'by a signal'}): ${check}`);
}

function refused(message: string): CliError {
  return new CliError({ code: 'config_refused', exitCode: exitCodes.refused }, message);
}
