/** The file of a data directory that holds the key from which the passwords of sessions are made. */
export const sessionSecretFile = 'session.secret';

/** The file that stands in a data directory while a backup is being restored into it: nothing may start there. */
export const unfinishedRestoreFile = 'restore.unfinished';

/** The file of a data directory that holds the epochs of a member of an ensemble. */
export const epochsFile = 'epochs';
