import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '@reeve/base';
import type { EnsembleMember } from '@reeve/zab';
import type { ConfigProblem } from '../config-error.ts';
import { type Place, placeOf, placeText } from './place.ts';

/** A line of a configuration file. */
export interface ConfigLine {
  readonly key: string;
  readonly value: string;
  readonly line: number;
  /** The file it is in, when that is not the configuration file itself. */
  readonly file?: string;
}

/** A `server.N` line. */
export interface ServerLine extends ConfigLine {
  readonly id: number;
  readonly place: Place;
}

/** Reads a small file that the configuration names; throws when it cannot. */
export type ReadText = (file: string) => string;

/** The disk itself. */
export const readText: ReadText = (file) => readFileSync(file, 'utf8');

const ids = { min: 1, max: 255 } as const;
const lineAllowed = 'must be host:port:port, the role and the client address after it as in :participant;2181';

/** The member that a `server.N` line tells of, or what would be right. Of several addresses the first one counts. */
export function serverLine(line: ConfigLine): ServerLine | ConfigProblem {
  const id = Number(line.key.slice('server.'.length));
  if (id < ids.min || id > ids.max) return { ...line, allowed: `the number must be from ${ids.min} to ${ids.max}` };
  const place = placeOf(line.value.replace(/\|[^;]*/, ''));
  return place === undefined ? { ...line, allowed: lineAllowed } : { ...line, id, place };
}

/** The members that these lines stand for. */
export function membersOf(lines: readonly ServerLine[]): EnsembleMember[] {
  return lines.map(({ id, place }) => ({ id, role: place.role, place: placeText(place) }));
}

/** What is wrong with server lines together, each right by itself. */
export function lineProblems(lines: readonly ServerLine[], standalone: 'allowed' | 'never'): ConfigProblem[] {
  const participants = lines.filter(({ place }) => place.role === 'participant').length;
  const first = lines[0];
  const problems = [...repeatedIds(lines), ...repeatedPorts(lines)];
  if (first !== undefined && participants === 0) {
    problems.push({ ...first, allowed: 'somebody must vote: make at least one member a participant' });
  } else if (first !== undefined && participants === 1 && lines.length > 1 && standalone === 'allowed') {
    const allowed = 'observers need more than one participant, or standaloneEnabled=false';
    problems.push({ ...first, allowed });
  }
  return problems;
}

function repeatedIds(lines: readonly ServerLine[]): ConfigProblem[] {
  const again = lines.filter(({ id }, at) => lines.findIndex((line) => line.id === id) < at);
  return again.map((line) => ({ ...line, allowed: 'is there already: each member has a number of its own' }));
}

function repeatedPorts(lines: readonly ServerLine[]): ConfigProblem[] {
  const taken = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  for (const line of lines) {
    const { host, peerPort, electionPort } = line.place;
    for (const address of [`${host}:${peerPort}`, `${host}:${electionPort}`]) {
      const other = taken.get(address);
      if (other !== undefined && !address.endsWith(':0')) {
        problems.push({ ...line, allowed: `${address} is there already, in ${other}: each port has one use` });
      }
      taken.set(address, line.key);
    }
  }
  return problems;
}

/** This member's number, from the file `myid` in its data directory, or what is wrong with it. */
export function ownId(dataDir: string, lines: readonly ServerLine[], read: ReadText): number | ConfigProblem {
  const file = join(dataDir, 'myid');
  const known = lines.map(({ id }) => id).join(', ');
  const write = `write the number of this server's line (one of ${known}) into ${file}`;
  let text: string;
  try {
    text = read(file).trim();
  } catch (error) {
    return { key: 'myid', value: '', line: 0, allowed: `${messageOf(error)}: ${write}` };
  }
  const id = Number(text);
  if (/^\d+$/.test(text) && lines.some((line) => line.id === id)) return id;
  return { key: 'myid', value: text.slice(0, 40), line: 0, allowed: `no server.N line has this number: ${write}` };
}
