import { messageOf } from '@reeve/base';
import { z } from 'zod';
import { instanceFields as fields } from './instance-fields.ts';
import { type ServiceInstance, serviceTypes } from './service-instance.ts';
import { partsOf, textOf } from './uri-spec.ts';

/** What we say beside Curator's fields, under a name that Curator reads over. */
const ours = z.looseObject({
  state: z.enum(['up', 'draining', 'down']).optional(),
  weight: fields.weight.optional(),
  load: fields.load.optional(),
  labels: fields.labels.optional(),
});

/** Curator 5.4's `JsonInstanceSerializer`. It writes `null` for what there is not, and `enabled` only where asked to. */
const record = z.looseObject({
  address: fields.address,
  port: fields.port.nullish(),
  sslPort: fields.port.nullish(),
  payload: z.unknown().optional(),
  registrationTimeUTC: z.number().default(0),
  serviceType: z.enum(serviceTypes).default('DYNAMIC'),
  uriSpec: z.object({ parts: z.array(z.object({ value: z.string(), variable: z.boolean() })) }).nullish(),
  enabled: z.boolean().default(true),
  reeve: ours.nullish(),
});

/** What a znode under a service says: an instance, or why it is none. */
export type ReadRecord =
  | { readonly ok: true; readonly instance: ServiceInstance }
  | { readonly ok: false; readonly reason: string };

/** The znode's content for an instance. Where it is not to be called, Curator's providers pass it over as well. */
export function encodeInstance(instance: ServiceInstance): Buffer {
  const { service, state, uriSpec } = instance;
  const reeve = oursOf(instance);
  const value = {
    name: service,
    id: instance.id,
    address: instance.address,
    port: instance.port ?? null,
    sslPort: instance.sslPort ?? null,
    payload: instance.metadata ?? null,
    registrationTimeUTC: instance.registeredAt,
    serviceType: instance.serviceType,
    uriSpec: uriSpec === undefined ? null : { parts: partsOf(uriSpec) },
    // Curator before its issue 275 does not know the field, and fails at any that it does not know.
    ...(state !== 'up' && { enabled: false }),
    ...(Object.keys(reeve).length > 0 && { reeve }),
  };
  return Buffer.from(JSON.stringify(value));
}

function oursOf({ state, weight, load, labels }: ServiceInstance): z.infer<typeof ours> {
  return {
    ...(state !== 'up' && { state }),
    ...(weight !== 1 && { weight }),
    ...(load !== undefined && { load }),
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}

/** Where a record was read. The znode's name counts, whatever the record says. */
export interface RecordPlace {
  readonly service: string;
  readonly id: string;
}

/** Reads what a znode under a service says; whatever it says, this does not fail. */
export function decodeInstance({ service, id }: RecordPlace, data: Uint8Array): ReadRecord {
  if (data.length === 0) return { ok: false, reason: 'it is empty' };
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(data).toString());
  } catch (error) {
    return { ok: false, reason: `it is not JSON: ${messageOf(error)}` };
  }
  const read = record.safeParse(value);
  if (!read.success) return { ok: false, reason: reasonOf(read.error) };
  const { reeve, uriSpec, payload, enabled, ...said } = read.data;
  const state = reeve?.state ?? 'up';
  const instance: ServiceInstance = {
    service,
    id,
    address: said.address,
    port: said.port ?? undefined,
    sslPort: said.sslPort ?? undefined,
    metadata: payload ?? null,
    labels: reeve?.labels ?? {},
    weight: reeve?.weight ?? 1,
    load: reeve?.load,
    state: state === 'up' && !enabled ? 'down' : state,
    registeredAt: said.registrationTimeUTC,
    uriSpec: uriSpec == null ? undefined : textOf(uriSpec.parts),
    serviceType: said.serviceType,
  };
  return { ok: true, instance };
}

function reasonOf({ issues }: z.ZodError): string {
  const [first] = issues;
  const where = first === undefined || first.path.length === 0 ? 'the record' : first.path.join('.');
  return `${where}: ${first?.message ?? 'not an instance'}`;
}
