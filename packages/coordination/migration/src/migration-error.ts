import { CodedError, codeOf, messageOf } from '@reeve/base';

/** Why a migration cannot begin, or stopped half-way. */
export type MigrationFacts =
  | { readonly code: 'source_missing'; readonly path: string }
  | { readonly code: 'target_root_missing' }
  | { readonly code: 'target_not_empty'; readonly path: string; readonly found: string }
  | { readonly code: 'unreadable' | 'acl_masked'; readonly side: 'source' | 'target'; readonly path: string }
  | { readonly code: 'origins_differ'; readonly path: string; readonly count: number }
  | { readonly code: 'target_lost' }
  | { readonly code: 'target_refused'; readonly path: string; readonly op: string; readonly reason: string };

/** What stands in the way of a migration, and what to do about it. */
export class MigrationError extends CodedError<MigrationFacts> {
  constructor(facts: MigrationFacts, options?: ErrorOptions) {
    super(facts, messageFor(facts), options);
  }

  /** A write that the target did not take. */
  static ofWrite(error: unknown, { op, path }: { readonly op: string; readonly path: string }): MigrationError {
    const reason = codeOf(error) ?? messageOf(error);
    return new MigrationError({ code: 'target_refused', op, path, reason }, { cause: error });
  }
}

const optionOf = { source: '--from-auth', target: '--to-auth' } as const;
const repeat = 'What was copied until then stays; repeat with --continue';

function messageFor(facts: MigrationFacts): string {
  switch (facts.code) {
    case 'source_missing':
      return `there is no ${facts.path} at the source: name a znode that is there with --path`;
    case 'target_root_missing':
      return 'the root that --to names behind its addresses is not at the target: create that znode first';
    case 'target_not_empty':
      return (
        `${facts.path} is not empty at the target (${facts.found} is there): choose another target, or say --continue ` +
        'to make it equal to the source, which overwrites what differs and deletes what the source lacks'
      );
    case 'unreadable':
      return (
        `${facts.path} may not be read at the ${facts.side}: give an identity that may read everything, such as the ` +
        `super user, with ${optionOf[facts.side]}. ${repeat}`
      );
    case 'acl_masked':
      return (
        `the ${facts.side} hides the digests in the access list of ${facts.path} from this identity: give one that ` +
        `may administer everything, such as the super user, with ${optionOf[facts.side]}. ${repeat}`
      );
    case 'origins_differ':
      return (
        `${facts.count} znodes, such as ${facts.path}, are not in the directory of --from-data-dir as the source shows ` +
        `them: name the data directory of the very server that --from names (and its log with --from-log-dir). ${repeat}`
      );
    case 'target_lost':
      return `the connection to the target was lost, and nobody knows what became of the last writes. ${repeat}`;
    case 'target_refused':
      return `the target did not take the ${facts.op} of ${facts.path} (${facts.reason})${adviceOn(facts.reason)}. ${repeat}`;
  }
}

const advice: Readonly<Record<string, string>> = {
  no_auth: ': give an identity that may write everything there, such as the super user, with --to-auth',
  node_exists: ': somebody else writes there at the same time',
  not_empty: ': somebody else writes there at the same time',
  no_node: ': somebody else deletes there at the same time',
  invalid_acl: ': its access list names a scheme that the target is not configured for',
  unimplemented: ': switch on extendedTypesEnabled there, which znodes with a time to live need',
  engine_unsupported: ': switch on extendedTypesEnabled there, which znodes with a time to live need',
  quota_exceeded: ': a quota of the target refuses it',
};

function adviceOn(reason: string): string {
  return advice[reason] ?? '';
}
