import { CodedError } from '@reeve/base';

/** What is wrong with a file that keys, certificates or users are read from. */
export interface SecurityFacts {
  readonly code:
    | 'security_file_unreadable'
    | 'key_store_unusable'
    | 'key_store_type_unsupported'
    | 'certificate_not_valid'
    | 'jaas_unusable'
    | 'ensemble_secret_unusable';
  /** The key of the configuration that names the file. */
  readonly setting: string;
  readonly file: string;
  readonly reason: string;
}

/** A file of keys, certificates or users that cannot be used, so that nobody could connect as intended. */
export class SecurityError extends CodedError<SecurityFacts> {
  constructor(facts: SecurityFacts, options?: ErrorOptions) {
    super(facts, `${facts.setting}=${facts.file}: ${facts.reason}`, options);
  }
}
