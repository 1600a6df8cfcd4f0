import { CodedError } from '@reeve/base';

/** Why a coordinator cannot be run, beside what configuration, journal and sockets say themselves. */
export interface CoordinatorFacts {
  readonly code: 'config_unreadable';
  readonly file: string;
  readonly reason: string;
}

/** The coordinator cannot be run. */
export class CoordinatorError extends CodedError<CoordinatorFacts> {
  constructor(facts: CoordinatorFacts, options?: ErrorOptions) {
    super(facts, `${facts.file} cannot be read: ${facts.reason}. Name a readable zoo.cfg with --config`, options);
  }
}
