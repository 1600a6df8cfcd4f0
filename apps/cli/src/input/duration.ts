import { usageError } from '../cli-error.ts';
import { optionValue } from './option-value.ts';

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof units;

const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy;
/** The longest time that a timer or a date can bear: about 24 days is setTimeout's limit, this is for `--delay`. */
const DURATION_MS_MAX = 3650 * units.d;

/** The milliseconds that `text` says: `500ms`, `10s`, `5m`, `2h`, `1d`, parts together as in `1h30m`, or `0`. */
export function parseDuration(text: string): number {
  const ms = text === '0' ? 0 : sumOfParts(text);
  if (ms === undefined) throw usageError(`"${text}" is not a duration`, 'Say it like 500ms, 10s, 5m, 2h or 1h30m.');
  if (ms > DURATION_MS_MAX) throw usageError(`"${text}" is longer than ten years`, 'Choose a shorter time.');
  return Math.round(ms);
}

function sumOfParts(text: string): number | undefined {
  PART.lastIndex = 0;
  let ms = 0;
  let end = 0;
  for (let part = PART.exec(text); part !== null; part = PART.exec(text)) {
    ms += Number(part[1]) * units[part[2] as Unit];
    end = PART.lastIndex;
  }
  return end === text.length && end > 0 ? ms : undefined;
}

/** A duration for people, in at most two units: `12 ms`, `3.4 s`, `2m 05s`, `5h 20m`, `3d 4h`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < units.m - 50) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  const minutes = Math.round(ms / units.m);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
  const hours = Math.round(ms / units.h);
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

function pad(count: number): string {
  return String(count).padStart(2, '0');
}

/** The value of an option that takes a duration. */
export const duration = optionValue(parseDuration);
