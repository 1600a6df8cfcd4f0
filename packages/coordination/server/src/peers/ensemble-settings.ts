import type { ConfigProblem } from '../config-error.ts';
import type { EnsembleConfig } from './ensemble-config.ts';
import { type EnsembleValues, ensembleKeys, ensembleRules } from './ensemble-keys.ts';
import type { Place } from './place.ts';
import { type ConfigLine, lineProblems, membersOf, ownId, type ReadText, type ServerLine } from './server-lines.ts';

/** What a configuration says that concerns the ensemble. */
export interface EnsembleSource {
  readonly values: EnsembleValues & {
    readonly dataDir?: string;
    readonly clientPort?: number;
    readonly clientPortAddress?: string;
  };
  readonly servers: readonly ServerLine[];
  /** Lines about weights and groups. */
  readonly weights: readonly ConfigLine[];
  /** Since when these are the members. */
  readonly version: number;
}

/** What comes of it. */
export interface EnsembleSettings {
  /** The ensemble; none when this server is alone. */
  readonly ensemble: EnsembleConfig | undefined;
  /** Where clients connect, as far as this server's line says so. */
  readonly client: Place['client'];
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly { readonly key: string; readonly line: number; readonly message: string }[];
}

/** What the keys and lines about the ensemble say together. One server line alone stands for no ensemble, as in ZooKeeper. */
export function ensembleSettings(source: EnsembleSource, read: ReadText): EnsembleSettings {
  const { values, servers } = source;
  const [first] = servers;
  const isAlone = servers.length === 1 && values.standaloneEnabled !== 'no';
  if (first === undefined || isAlone) {
    return { ensemble: undefined, client: first?.place.client, problems: [], warnings: [] };
  }
  const id = ownId(values.dataDir ?? '', servers, read);
  const own = servers.find((line) => line.id === id);
  const problems = [
    ...lineProblems(servers, values.standaloneEnabled === 'no' ? 'never' : 'allowed'),
    ...source.weights.map(weightProblem).filter((problem) => problem !== undefined),
    ...(typeof id === 'number' ? [] : [id]),
    ...clientPortProblems(source, own),
    ...storeProblems(values),
    ...unkeptPromises(values),
  ];
  if (problems.length > 0 || own === undefined) {
    return { ensemble: undefined, client: undefined, problems, warnings: [] };
  }
  return {
    ensemble: {
      ...ensembleRules(values),
      id: own.id,
      membership: { version: source.version, members: membersOf(servers) },
    },
    client: own.place.client,
    problems,
    warnings: [...warningsOf(servers), ...roleWarnings(values, own)],
  };
}

/** A weight of one is what every member has. */
function weightProblem(line: ConfigLine): ConfigProblem | undefined {
  if (line.key.startsWith('weight.') && line.value === '1') return undefined;
  const allowed = 'members have no weights and no groups here, each participant counts once: leave the line out';
  return { ...line, allowed };
}

function clientPortProblems({ values }: EnsembleSource, own: ServerLine | undefined): ConfigProblem[] {
  const client = own?.place.client;
  if (own === undefined || client === undefined) return [];
  const isOther = values.clientPort !== undefined && values.clientPort !== client.port;
  if (!isOther) return [];
  return [
    {
      ...own,
      allowed: `its client port is not clientPort, which is ${values.clientPort}: say one of them, or the same`,
    },
  ];
}

function storeProblems(values: EnsembleValues): ConfigProblem[] {
  if (values.sslQuorum !== 'yes') return [];
  const needed = ['ssl.quorum.keyStore.location', 'ssl.quorum.trustStore.location'] as const;
  return needed
    .filter((name) => values[name] === undefined)
    .map((name) => ({
      key: name,
      value: '',
      line: 0,
      allowed: `sslQuorum=true needs it: ${ensembleKeys[name].allowed}`,
    }));
}

/** Keys that ask for what is not there: members would be less protected than somebody believes. */
function unkeptPromises(values: EnsembleValues): ConfigProblem[] {
  const promises = {
    'quorum.auth.enableSasl': 'members prove who they are by reeve.ensembleSecretFile or sslQuorum here',
    portUnification: 'the ports for members take TLS alone, or none',
  } as const;
  return Object.entries(promises)
    .filter(([name]) => values[name as keyof typeof promises] === 'yes')
    .map(([name, reason]) => ({ key: name, value: 'true', line: 0, allowed: `must be false: ${reason}` }));
}

function warningsOf(servers: readonly ServerLine[]): EnsembleSettings['warnings'][number][] {
  const { key, line } = servers.at(-1) ?? { key: '', line: 0 };
  const participants = servers.filter(({ place }) => place.role === 'participant').length;
  const several = servers.filter(({ value }) => value.includes('|'));
  const warnings = several.map((one) => ({
    key: one.key,
    line: one.line,
    message: `${one.key} has several addresses: the first is used`,
  }));
  if (participants === 2) {
    warnings.push({ key, line, message: 'two participants bear the failure of none: three bear that of one' });
  } else if (participants % 2 === 0) {
    const message = `${participants} participants bear the failure of no more than ${participants - 1} do: choose an odd number`;
    warnings.push({ key, line, message });
  }
  return warnings;
}

function roleWarnings({ peerType }: EnsembleValues, own: ServerLine): EnsembleSettings['warnings'][number][] {
  const { role } = own.place;
  if (peerType === undefined || peerType === role) return [];
  return [
    {
      key: 'peerType',
      line: own.line,
      message: `peerType is ${peerType}, and ${own.key} says ${role}: the line counts`,
    },
  ];
}
