/** Where a member is reached: what a `server.N` line says. */
export interface Place {
  readonly host: string;
  /** Where learners find their leader. */
  readonly peerPort: number;
  /** Where votes are told. */
  readonly electionPort: number;
  readonly role: 'participant' | 'observer';
  /** Where clients connect, if the line says so. */
  readonly client: { readonly host: string | undefined; readonly port: number } | undefined;
}

const hostPattern = String.raw`\[[0-9a-fA-F:.%\w]+\]|[^\s:;|,[\]]+`;
const placePattern = new RegExp(
  `^(${hostPattern}):(\\d+):(\\d+)(?::(participant|observer))?(?:;(?:(${hostPattern}):)?(\\d+))?$`,
  'i',
);
const portMax = 65_535;

/** The place that a `server.N` line names in ZooKeeper's form; `undefined` when it is in another. */
export function placeOf(text: string): Place | undefined {
  const [, host, peer, election, role, clientHost, clientPort] = placePattern.exec(text.replaceAll(/\s/g, '')) ?? [];
  if (host === undefined) return undefined;
  const ports = [peer, election, clientPort ?? 0].map(Number);
  if (ports.some((port) => port > portMax)) return undefined;
  return {
    host: withoutBrackets(host),
    peerPort: Number(peer),
    electionPort: Number(election),
    role: role?.toLowerCase() === 'observer' ? 'observer' : 'participant',
    client:
      clientPort === undefined
        ? undefined
        : { host: clientHost === undefined ? undefined : withoutBrackets(clientHost), port: Number(clientPort) },
  };
}

/** A place in the form in which `/zookeeper/config` tells of it. */
export function placeText({ host, peerPort, electionPort, role, client }: Place): string {
  const member = `${withBrackets(host)}:${peerPort}:${electionPort}:${role}`;
  if (client === undefined) return member;
  return `${member};${client.host === undefined ? '' : `${withBrackets(client.host)}:`}${client.port}`;
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

function withBrackets(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
