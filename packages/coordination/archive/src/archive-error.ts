import { CodedError } from '@reeve/base';

/** Why a backup, a restore or an inspection is not possible: what is wrong with which file or directory. */
export type ArchiveFacts =
  | { readonly code: 'directory_missing'; readonly directory: string }
  | { readonly code: 'directory_foreign'; readonly directory: string; readonly what: string }
  | { readonly code: 'directory_unsettled'; readonly directory: string; readonly reason: string }
  | { readonly code: 'target_not_empty'; readonly directory: string; readonly found: string }
  | { readonly code: 'file_unreadable'; readonly file: string; readonly reason: string }
  | { readonly code: 'file_unwritable'; readonly file: string; readonly reason: string }
  | { readonly code: 'file_unrecognised'; readonly file: string }
  | { readonly code: 'no_state'; readonly file: string }
  | { readonly code: 'backup_damaged'; readonly file: string; readonly offset: number; readonly what: string }
  | { readonly code: 'format_unknown'; readonly file: string; readonly what: string }
  | { readonly code: 'zookeeper_data_damaged'; readonly file: string; readonly offset: number; readonly what: string };

/** What cannot be backed up, restored or read, and what to do about it. */
export class ArchiveError extends CodedError<ArchiveFacts> {
  constructor(facts: ArchiveFacts, options?: ErrorOptions) {
    super(facts, messageFor(facts), options);
  }
}

/** Whether an error came from the operating system. */
export function isSystemError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'syscall' in error;
}

function messageFor(facts: ArchiveFacts): string {
  switch (facts.code) {
    case 'directory_missing':
      return `${facts.directory} is not there: name the data directory of a coordinator`;
    case 'directory_foreign':
      return `${facts.directory} is no data directory (${facts.what}): name the one that the coordinator was given`;
    case 'directory_unsettled':
      return (
        `${facts.directory} kept changing while it was read (${facts.reason}): ` +
        'try again, or when fewer snapshots are taken'
      );
    case 'target_not_empty':
      return `${facts.directory} is not empty (it holds ${facts.found}): restore into an empty or a new directory`;
    case 'file_unreadable':
      return `${facts.file} cannot be read: ${facts.reason}`;
    case 'file_unwritable':
      return `${facts.file} cannot be written: ${facts.reason}`;
    case 'file_unrecognised':
      return `${facts.file} is neither a log, nor a snapshot, nor a backup of Reeve: name one of these`;
    case 'no_state':
      return `${facts.file} holds transactions, no state: name the data directory, or a snapshot or backup`;
    case 'backup_damaged':
      return `${facts.file} is damaged at byte ${facts.offset}: ${facts.what}. Nothing of it was used: take another backup`;
    case 'format_unknown':
      return `${facts.file} has ${facts.what}, which this version cannot read`;
    case 'zookeeper_data_damaged':
      return `${facts.file} is damaged at byte ${facts.offset}: ${facts.what}`;
  }
}
