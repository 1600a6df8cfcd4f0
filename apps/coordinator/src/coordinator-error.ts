import { CodedError } from '@reeve/base';

/** Why a coordinator cannot be run, beside what configuration, journal and sockets say themselves. */
export interface CoordinatorFacts {
  readonly code: 'config_unreadable' | 'audit_unwritable';
  readonly file: string;
  readonly reason: string;
}

/** The coordinator cannot be run. */
export class CoordinatorError extends CodedError<CoordinatorFacts> {
  constructor(facts: CoordinatorFacts, options?: ErrorOptions) {
    super(facts, messageFor(facts), options);
  }
}

function messageFor({ code, file, reason }: CoordinatorFacts): string {
  switch (code) {
    case 'config_unreadable':
      return `${file} cannot be read: ${reason}. Name a readable zoo.cfg with --config`;
    case 'audit_unwritable':
      return `the audit log ${file} cannot be written: ${reason}. Name another place with audit.file`;
  }
}
