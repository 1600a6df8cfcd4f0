import { CodedError } from '@reeve/base';

/** What went wrong with a service, or with what was said of it. */
export interface DiscoveryFacts {
  /**
   * `invalid_instance`: what was to be registered is not an instance; `no_instance`: nobody is there to be called;
   * `probe_failed`: a probe did not find the instance well.
   */
  readonly code: 'invalid_instance' | 'no_instance' | 'probe_failed';
  readonly service?: string;
}

/** A registration, a pick or a probe failed. Failures of sessions stay `RecipeError`s, of requests `ClientError`s. */
export class DiscoveryError extends CodedError<DiscoveryFacts> {}

/** What was said of an instance cannot be so. */
export function invalidInstance(detail: string): DiscoveryError {
  return new DiscoveryError({ code: 'invalid_instance' }, detail);
}

/** A probe did not find an instance well, and why. */
export function probeFailed(reason: string, options?: ErrorOptions): DiscoveryError {
  return new DiscoveryError({ code: 'probe_failed' }, reason, options);
}
