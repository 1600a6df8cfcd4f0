import type { ServiceInstance } from './service-instance.ts';

/** One part of a URI: a text, or the name of what stands there. Curator's `UriSpec.Part`. */
export interface UriPart {
  readonly value: string;
  readonly variable: boolean;
}

/** `{name}`, and `{[}` and `{]}` for the braces themselves. */
const variable = /\{([^{}]*)\}/g;

/** The parts of a text such as `{scheme}://{address}:{port}`. */
export function partsOf(text: string): readonly UriPart[] {
  const parts: UriPart[] = [];
  let end = 0;
  for (const match of text.matchAll(variable)) {
    if (match.index > end) parts.push({ value: text.slice(end, match.index), variable: false });
    parts.push({ value: match[1]?.trim() ?? '', variable: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ value: text.slice(end), variable: false });
  return parts;
}

/** The text of these parts. */
export function textOf(parts: readonly UriPart[]): string {
  return parts.map(({ value, variable: isVariable }) => (isVariable ? `{${value}}` : value)).join('');
}

/**
 * The URI of an instance: its `uriSpec` with everything filled in, as Curator's `buildUriSpec` does; without one
 * `http://address:port`, or `https` where it has a TLS port.
 */
export function uriOf(instance: ServiceInstance): string {
  const { sslPort, port } = instance;
  const usual = `{scheme}://{address}${(sslPort ?? port) === undefined ? '' : `:${sslPort ?? port}`}`;
  return (instance.uriSpec ?? usual).replaceAll(variable, (_whole, name: string) => partValue(name.trim(), instance));
}

function partValue(name: string, instance: ServiceInstance): string {
  switch (name) {
    case 'scheme':
      return instance.sslPort === undefined ? 'http' : 'https';
    case 'name':
      return instance.service;
    case 'id':
    case 'address':
      return instance[name];
    case 'port':
      return String(instance.port ?? '');
    case 'ssl-port':
      return String(instance.sslPort ?? '');
    case 'registration-time-utc':
      return String(instance.registeredAt);
    case 'service-type':
      return instance.serviceType.toLowerCase();
    case '[':
      return '{';
    case ']':
      return '}';
    default:
      // As Curator has it: what nobody knows is nothing.
      return '';
  }
}
