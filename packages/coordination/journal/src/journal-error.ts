import { CodedError } from '@reeve/base';

/** Why a journal cannot be opened or changed: what is wrong with which file, and where in it. */
export type JournalFacts =
  | { readonly code: 'log_corrupt'; readonly file: string; readonly offset: number; readonly what: string }
  | { readonly code: 'log_missing'; readonly directory: string; readonly afterZxid: number; readonly found: string }
  | { readonly code: 'snapshot_corrupt'; readonly file: string; readonly what: string }
  | { readonly code: 'epochs_corrupt'; readonly file: string; readonly what: string }
  | { readonly code: 'beyond_snapshot'; readonly directory: string; readonly zxid: number; readonly reason: string }
  | { readonly code: 'log_unwritable'; readonly directory: string; readonly reason: string }
  | {
      readonly code: 'format_unknown';
      readonly file: string;
      readonly version: number;
      /** The only format that would do. */
      readonly readable: number;
    }
  | { readonly code: 'foreign_data'; readonly directory: string }
  | { readonly code: 'restore_unfinished'; readonly directory: string }
  | { readonly code: 'directory_locked'; readonly directory: string; readonly holder: string }
  | { readonly code: 'directory_unusable'; readonly directory: string; readonly reason: string };

/** The journal refuses to open rather than to lose or invent something. */
export class JournalError extends CodedError<JournalFacts> {
  constructor(facts: JournalFacts, options?: ErrorOptions) {
    super(facts, messageFor(facts), options);
  }
}

/** A zxid as every tool of the protocol prints it. */
export function hexZxid(zxid: number): string {
  return `0x${zxid.toString(16)}`;
}

const restore = 'restore the directory from another member or a backup';

function messageFor(facts: JournalFacts): string {
  switch (facts.code) {
    case 'log_corrupt':
      return (
        `${facts.file} is damaged at byte ${facts.offset}: ${facts.what}. Starting would lose acknowledged writes: ` +
        `${restore}; to give up everything from there on, truncate the file to ${facts.offset} bytes and move ` +
        'every later log file and snapshot away'
      );
    case 'log_missing':
      return (
        `${facts.directory} lacks the log that follows zxid ${hexZxid(facts.afterZxid)}: ${facts.found}. ` +
        `Put the missing log files back, or ${restore}`
      );
    case 'snapshot_corrupt':
      return `${facts.file} is damaged (${facts.what}), and no older snapshot with all its logs is there: ${restore}`;
    case 'epochs_corrupt':
      return (
        `${facts.file} is damaged (${facts.what}). Without it this member might vote twice in one epoch: ` +
        'empty its directories, and let it take everything from the other members'
      );
    case 'beyond_snapshot':
      return (
        `${facts.directory} cannot be taken back to zxid ${hexZxid(facts.zxid)}: its snapshots go beyond that, and what ` +
        `came before them is not whole (${facts.reason}). Nothing was changed: let the member take a snapshot from the leader`
      );
    case 'log_unwritable':
      return `${facts.directory} takes no writes (${facts.reason}): nothing was changed. Mend the disk first`;
    case 'format_unknown':
      return (
        `${facts.file} is of format ${facts.version}, and this version of Reeve reads format ${facts.readable} only: ` +
        'start the version that wrote it, or take a backup with that one and restore it into an empty dataDir with this one'
      );
    case 'foreign_data':
      return (
        `${facts.directory} holds data of Apache ZooKeeper (version-2), which Reeve cannot read: ` +
        'choose an empty dataDir, and bring the znodes over with "reeve migrate"'
      );
    case 'restore_unfinished':
      return `a restore into ${facts.directory} was cut short: remove what it left there, and restore again`;
    case 'directory_locked':
      return `${facts.directory} is in use by another coordinator (${facts.holder}): stop it, or choose another dataDir`;
    case 'directory_unusable':
      return `${facts.directory} cannot be used as a data directory: ${facts.reason}. Make it writable for this user, or choose another dataDir`;
  }
}
