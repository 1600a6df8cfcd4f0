import { CodedError, unreachable } from '@reeve/base';

/** What ends a master, or keeps it from starting. */
export type MasterFacts =
  /** A folder of ours could not be listed, by the protocol's name of the error: its ACL, most likely. */
  | { readonly code: 'folder_unreadable'; readonly path: string; readonly reason: string }
  | { readonly code: 'invalid_option'; readonly option: string; readonly value: number };

/** A failure of a master. */
export class MasterError extends CodedError<MasterFacts> {
  constructor(facts: MasterFacts) {
    super(facts, sentence(facts));
  }
}

function sentence(facts: MasterFacts): string {
  switch (facts.code) {
    case 'folder_unreadable':
      return `${facts.path} cannot be listed (${facts.reason}): check its access list`;
    case 'invalid_option':
      return `the option ${facts.option} must be a whole number above 0, not ${facts.value}`;
    default:
      return unreachable(facts);
  }
}
