import { CodedError } from '@reeve/base';

/** Why a coordinator cannot be run, beside what configuration, journal and sockets say themselves. */
export type CoordinatorFacts =
  | { readonly code: 'config_unreadable' | 'audit_unwritable'; readonly file: string; readonly reason: string }
  | { readonly code: 'restart_failed'; readonly dataDirectory: string; readonly reason: string };

/** The coordinator cannot be run. */
export class CoordinatorError extends CodedError<CoordinatorFacts> {
  constructor(facts: CoordinatorFacts, options?: ErrorOptions) {
    super(facts, messageFor(facts), options);
  }
}

function messageFor(facts: CoordinatorFacts): string {
  const { reason } = facts;
  switch (facts.code) {
    case 'config_unreadable':
      return `${facts.file} cannot be read: ${reason}. Name a readable zoo.cfg with --config`;
    case 'audit_unwritable':
      return `the audit log ${facts.file} cannot be written: ${reason}. Name another place with audit.file`;
    case 'restart_failed':
      return `this member could not go on, nor start again from ${facts.dataDirectory}: ${reason}. Mend that and start it; the others do without it as long as they are a quorum`;
  }
}
