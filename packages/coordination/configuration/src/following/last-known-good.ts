import { createHash } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { codeOf } from '@reeve/base';
import { configError } from '../config-error.ts';
import type { ValueRecord } from '../model/records.ts';

const FORMAT = 1;

/** The values that were last known, by key. */
export type KnownValues = ReadonlyMap<string, ValueRecord>;

/**
 * A file with the values that were last known: what a process begins with that starts while no server answers. It is
 * replaced as a whole, and its checksum tells whether it is whole.
 */
export class LastKnownGood {
  readonly #file: string;
  readonly #path: string;
  #wanted: KnownValues | undefined;
  #writing: Promise<void> | undefined;

  /** @param path the znode of the configuration: another one's file is not taken for it */
  constructor(file: string, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** What the file holds; undefined where there is none. @throws ConfigError `record_unreadable` */
  async read(): Promise<KnownValues | undefined> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
    const end = text.indexOf('\n');
    const body = text.slice(end + 1);
    if (text.slice(0, end) !== `reeve-config ${FORMAT} ${checksum(body)}`)
      throw this.#unreadable('its checksum is wrong');
    const { path, values } = JSON.parse(body) as FileBody;
    if (path !== this.#path) throw this.#unreadable(`it is of ${path}`);
    return new Map(values.map(([key, value, version]) => [key, { value, version }]));
  }

  /** Writes these values, or later ones: while one write is under way, only the last of those that come is next. */
  write(values: KnownValues): Promise<void> {
    this.#wanted = values;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    for (let values = this.#wanted; values !== undefined; values = this.#wanted) {
      this.#wanted = undefined;
      await this.#replace(values);
    }
  }

  async #replace(known: KnownValues): Promise<void> {
    const values = [...known].map(([key, { value, version }]) => [key, value, version] as const);
    const body = JSON.stringify({ path: this.#path, values } satisfies FileBody);
    const fresh = `${this.#file}.${process.pid}.new`;
    const handle = await open(fresh, 'w', 0o600);
    try {
      await handle.writeFile(`reeve-config ${FORMAT} ${checksum(body)}\n${body}`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, this.#file);
  }

  #unreadable(reason: string) {
    return configError({ code: 'record_unreadable', path: this.#file, reason });
  }
}

interface FileBody {
  readonly path: string;
  readonly values: readonly (readonly [string, ValueRecord['value'], number])[];
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
