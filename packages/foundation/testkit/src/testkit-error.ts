import { CodedError } from '@reeve/base';

/** Why the testkit could not do what a test asked of it. */
export interface TestkitFacts {
  readonly code: 'did_not_happen' | 'process_failed' | 'not_installed';
}

/** A failure of the testkit's own means: something awaited did not happen, or a process did not start. */
export class TestkitError extends CodedError<TestkitFacts> {}
