import type { ServiceInstance } from '../src/instance/service-instance.ts';
import type { Candidate } from '../src/policy/policy.ts';

/** An instance that is up, with what a test cares about. */
export function instanceOf(id: string, fields: Partial<ServiceInstance> = {}): ServiceInstance {
  return {
    service: 'api',
    id,
    address: '10.0.0.1',
    port: 8080,
    sslPort: undefined,
    metadata: null,
    labels: {},
    weight: 1,
    load: undefined,
    state: 'up',
    registeredAt: 1_700_000_000_000,
    uriSpec: undefined,
    serviceType: 'DYNAMIC',
    ...fields,
  };
}

/** A candidate with what a test cares about. */
export function candidateOf(id: string, fields: Partial<ServiceInstance> & { inFlight?: number } = {}): Candidate {
  const { inFlight = 0, ...said } = fields;
  return { instance: instanceOf(id, said), inFlight };
}
