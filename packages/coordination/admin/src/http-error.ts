import { CodedError, codeOf, messageOf } from '@reeve/base';

/** Where HTTP is to be served, and which settings say so. */
export interface HttpPlace {
  /** `*` is every address of this machine. */
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** How long a connection may say nothing, milliseconds. */
  readonly idleMs: number;
  /** The settings of host and port, for messages. */
  readonly settings: { readonly host: string; readonly port: string };
}

/** Why HTTP cannot be served there. */
export interface HttpFacts {
  readonly code: 'port_in_use' | 'port_forbidden' | 'address_unknown' | 'cannot_listen';
  readonly host: string;
  readonly port: number;
}

/** HTTP cannot be served where it was asked for. */
export class HttpError extends CodedError<HttpFacts> {
  /** What a failed `listen` means. */
  static ofListen(error: unknown, place: HttpPlace): HttpError {
    const { host, port, settings } = place;
    const where = `${host}:${port}`;
    const failed = (code: HttpFacts['code'], message: string) =>
      new HttpError({ code, host, port }, message, { cause: error });
    switch (codeOf(error)) {
      case 'EADDRINUSE':
        return failed(
          'port_in_use',
          `${where} is in use: stop what listens there, or choose another (${settings.port})`,
        );
      case 'EACCES':
        return failed(
          'port_forbidden',
          `this user may not listen on ${where}: choose a port above 1023 (${settings.port})`,
        );
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
        return failed(
          'address_unknown',
          `${host} is no address of this machine: correct it or leave it out (${settings.host})`,
        );
      default:
        return failed('cannot_listen', `cannot listen on ${where}: ${messageOf(error)}`);
    }
  }
}
