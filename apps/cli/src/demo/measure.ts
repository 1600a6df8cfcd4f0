import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** What is measured of a text file. */
export interface TextMeasure {
  readonly lines: number;
  readonly words: number;
  readonly sha256: string;
}

/** Measures a file: its lines, its words, and the SHA-256 of its bytes. */
export async function measureFile(file: string): Promise<TextMeasure> {
  return measureBytes(await readFile(file));
}

/** Measures the bytes of a text in UTF-8. A last line without a line break counts. */
export function measureBytes(bytes: Buffer): TextMeasure {
  const text = bytes.toString('utf8');
  const breaks = text.split('\n').length - 1;
  return {
    lines: text === '' || text.endsWith('\n') ? breaks : breaks + 1,
    words: text.split(/\s+/).filter((word) => word !== '').length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

/** Hashes bytes over and over, until `total` bytes have gone through: work that only takes time. */
export function hashOver(bytes: Buffer, total: number): string {
  const hash = createHash('sha256');
  for (let hashed = 0; hashed < total; hashed += bytes.length) hash.update(bytes);
  return hash.digest('hex');
}

/** How many bytes this machine hashes in a millisecond of processor time, however busy it is. */
export function hashedBytesPerMs(): number {
  const bytes = Buffer.alloc(4 * 1024, 'reeve');
  hashOver(bytes, CALIBRATION_BYTES);
  const before = process.cpuUsage();
  hashOver(bytes, CALIBRATION_BYTES);
  const { user, system } = process.cpuUsage(before);
  return (1_000 * CALIBRATION_BYTES) / (user + system);
}

const CALIBRATION_BYTES = 32 * 1024 * 1024;
