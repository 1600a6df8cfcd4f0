import { CodedError, codeOf, messageOf } from '@reeve/base';

/** Why a coordinator cannot listen. */
export type ServerFacts =
  | { readonly code: 'port_in_use'; readonly host: string; readonly port: number }
  | { readonly code: 'port_forbidden'; readonly host: string; readonly port: number }
  | { readonly code: 'address_unknown'; readonly host: string; readonly port: number }
  | { readonly code: 'cannot_listen'; readonly host: string; readonly port: number; readonly reason: string };

/** The coordinator cannot listen where it was told to. */
export class ServerError extends CodedError<ServerFacts> {
  constructor(facts: ServerFacts, options?: ErrorOptions) {
    super(facts, messageFor(facts), options);
  }

  /** What a failed `listen` means. */
  static ofListen(error: unknown, { host, port }: { readonly host: string; readonly port: number }): ServerError {
    return new ServerError(listenFacts(error, { host, port }), { cause: error });
  }
}

function listenFacts(error: unknown, where: { readonly host: string; readonly port: number }): ServerFacts {
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

function messageFor(facts: ServerFacts): string {
  const where = `${facts.host}:${facts.port}`;
  switch (facts.code) {
    case 'port_in_use':
      return `${where} is in use: stop what listens there, or choose another port (clientPort, --port)`;
    case 'port_forbidden':
      return `this user may not listen on ${where}: choose a port above 1023 (clientPort, --port)`;
    case 'address_unknown':
      return `${facts.host} is no address of this machine: correct clientPortAddress or --host, or leave it out`;
    case 'cannot_listen':
      return `cannot listen on ${where}: ${facts.reason}`;
  }
}
