import { usageError } from '../cli-error.ts';
import { optionValue } from './option-value.ts';

/** Where something is reached: a host name or an IP address, and a TCP port. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

const PORT_MAX = 65_535;

/** `host:port`; an IPv6 address stands in brackets. */
export function parseAddress(text: string): Address {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = bracketed ?? plain;
  const port = Number(digits);
  if (address !== undefined && port >= 1 && port <= PORT_MAX) return { address, port };
  throw usageError(`"${text}" is not an address`, 'Say it like 10.0.0.7:8080, host.example:80 or [::1]:8080.');
}

/** The value of an option that takes an address. */
export const address = optionValue(parseAddress);
