import { CodedError, codeOf, messageOf } from '@reeve/base';

/** Why a coordinator cannot listen. */
export type ServerFacts =
  | ({ readonly code: 'port_in_use' | 'port_forbidden' | 'address_unknown' } & ListenPlace)
  | ({ readonly code: 'cannot_listen'; readonly reason: string } & ListenPlace);

/** Where to listen, and which key of the configuration says so. */
export interface ListenPlace {
  readonly host: string;
  readonly port: number;
  readonly setting: 'clientPort' | 'secureClientPort' | 'peerPort' | 'electionPort';
}

/** The coordinator cannot listen where it was told to. */
export class ServerError extends CodedError<ServerFacts> {
  constructor(facts: ServerFacts, options?: ErrorOptions) {
    super(facts, messageFor(facts), options);
  }

  /** What a failed `listen` means. */
  static ofListen(error: unknown, place: ListenPlace): ServerError {
    return new ServerError(listenFacts(error, place), { cause: error });
  }
}

function listenFacts(error: unknown, where: ListenPlace): ServerFacts {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return { code: 'port_in_use', ...where };
    case 'EACCES':
      return { code: 'port_forbidden', ...where };
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return { code: 'address_unknown', ...where };
    default:
      return { code: 'cannot_listen', ...where, reason: messageOf(error) };
  }
}

const ownLine = "this member's own server.N line";
const memberAddress = `correct ${ownLine}, or listen on every address with quorumListenOnAllIPs=true`;

/** How people say port and address of each place. */
const settings = {
  clientPort: { port: 'clientPort, --port', address: 'correct clientPortAddress or --host, or leave it out' },
  secureClientPort: {
    port: 'secureClientPort, --port',
    address: 'correct secureClientPortAddress or --host, or leave it out',
  },
  peerPort: { port: `the first one in ${ownLine}`, address: memberAddress },
  electionPort: { port: `the second one in ${ownLine}`, address: memberAddress },
} as const satisfies Record<ListenPlace['setting'], { readonly port: string; readonly address: string }>;

function messageFor(facts: ServerFacts): string {
  const where = `${facts.host}:${facts.port}`;
  const { port, address } = settings[facts.setting];
  switch (facts.code) {
    case 'port_in_use':
      return `${where} is in use: stop what listens there, or choose another port (${port})`;
    case 'port_forbidden':
      return `this user may not listen on ${where}: choose a port above 1023 (${port})`;
    case 'address_unknown':
      return `${facts.host} is no address of this machine: ${address}`;
    case 'cannot_listen':
      return `cannot listen on ${where}: ${facts.reason}`;
  }
}
