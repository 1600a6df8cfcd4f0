import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { invalidInstance } from '../discovery-error.ts';
import { instanceFields as fields } from './instance-fields.ts';
import { encodeInstance } from './instance-record.ts';
import type { ServiceInstance } from './service-instance.ts';
import { checkedName } from './service-paths.ts';

/** The longest record that is written, bytes: every caller reads and keeps it. */
const RECORD_BYTES_MAX = 100 * 1024;

/** What may change of an instance while it is registered. */
export interface ChangeableFields {
  /** What its owner says of it; none unless given. Curator's payload. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** What callers choose by, such as `{ zone: 'a' }`; none unless given. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Its share of the calls, above 0; 1 unless given. */
  readonly weight?: number | undefined;
}

/** What an owner says of an instance that is to be registered. */
export interface NewInstance extends ChangeableFields {
  readonly service: string;
  /** Its name among the instances of the service; drawn by chance unless given. */
  readonly id?: string | undefined;
  /** The host name or IP address at which callers reach it. */
  readonly address: string;
  readonly port?: number | undefined;
  readonly sslPort?: number | undefined;
  /** How to address it, such as `{scheme}://{address}:{port}/api`; as Curator's `UriSpec`. */
  readonly uriSpec?: string | undefined;
}

const changeable = z.object({
  metadata: fields.metadata.optional(),
  labels: fields.labels.optional(),
  weight: fields.weight.optional(),
});

const schema = changeable.extend({
  address: fields.address,
  port: fields.port.optional(),
  sslPort: fields.port.optional(),
  uriSpec: z.string().optional(),
});

/**
 * An instance as it is registered now.
 *
 * @throws DiscoveryError `invalid_instance`
 */
export function newInstance(said: NewInstance, registeredAt: number): ServiceInstance {
  const { metadata = null, labels = {}, weight = 1, ...given } = checked(schema, said);
  const service = checkedName('service', said.service);
  const id = checkedName('instance', said.id ?? randomUUID());
  return bounded({
    ...given,
    service,
    id,
    metadata,
    labels,
    weight,
    registeredAt,
    state: 'up',
    serviceType: 'DYNAMIC',
  });
}

/**
 * The instance with what has changed of it; what is not given stays.
 *
 * @throws DiscoveryError `invalid_instance`
 */
export function changedInstance(instance: ServiceInstance, said: ChangeableFields): ServiceInstance {
  const given = Object.entries(checked(changeable, said)).filter(([, value]) => value !== undefined);
  return bounded({ ...instance, ...Object.fromEntries(given) });
}

function bounded(instance: ServiceInstance): ServiceInstance {
  const { length } = encodeInstance(instance);
  if (length <= RECORD_BYTES_MAX) return instance;
  throw invalidInstance(`the record is ${length} bytes long, more than ${RECORD_BYTES_MAX}: say less in the metadata`);
}

function checked<T>(shape: z.ZodType<T>, said: unknown): T {
  const result = shape.safeParse(said);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalidInstance(`${issue?.path.join('.') ?? 'the instance'}: ${issue?.message ?? 'is not valid'}`);
}
