/**
 * Whether an instance is to be called. `up`: yes; `draining`: it is about to leave, so nothing new; `down`: its probe
 * does not find it well, or its owner has disabled it.
 */
export type InstanceState = 'up' | 'draining' | 'down';

/** One running program that offers a service, as everybody sees it. */
export interface ServiceInstance {
  readonly service: string;
  /** Its name among the instances of the service. */
  readonly id: string;
  /** A host name or an IP address. */
  readonly address: string;
  readonly port?: number | undefined;
  readonly sslPort?: number | undefined;
  /** What its owner says of it: an object of ours, any JSON of a program that uses Curator, `null` where there is none. */
  readonly metadata: unknown;
  /** What callers choose by, such as `{ zone: 'a' }`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Its share of the calls beside that of others; 1 is usual. */
  readonly weight: number;
  /** How busy it says it is, in requests at work or what compares with them. */
  readonly load?: number | undefined;
  readonly state: InstanceState;
  /** When it was registered, by its own clock, milliseconds since the epoch. */
  readonly registeredAt: number;
  /** How to address it, such as `{scheme}://{address}:{port}`; `uriOf` fills it in. */
  readonly uriSpec?: string | undefined;
  /** Curator's word for how it is kept: `DYNAMIC` goes with its session, `STATIC` and `PERMANENT` stay. */
  readonly serviceType: ServiceType;
}

/** Curator's `ServiceType`. */
export type ServiceType = (typeof serviceTypes)[number];

/** All of Curator's service types. */
export const serviceTypes = ['DYNAMIC', 'STATIC', 'PERMANENT', 'DYNAMIC_SEQUENTIAL'] as const;

/** `address:port`, as one connects to it; brackets around an IPv6 address. */
export function endpointOf({ address, port, sslPort }: Pick<ServiceInstance, 'address' | 'port' | 'sslPort'>): string {
  const host = address.includes(':') ? `[${address}]` : address;
  const chosen = port ?? sslPort;
  return chosen === undefined ? host : `${host}:${chosen}`;
}
