/** What a command tells the shell that started it. `docs/cli.md` has the same table. */
export const exitCodes = {
  ok: 0,
  /** A task did not succeed, or the demo counted a difference. */
  failed: 1,
  /** The command line, a payload or a file of tasks is wrong. */
  usage: 2,
  /** There is no such task. */
  notFound: 3,
  /** No coordinator answered. */
  unreachable: 4,
  /** It was understood and refused: the task is finished already, the id is taken, the port is in use. */
  refused: 5,
  /** What the command held was lost before it had ended: a lock, an election. */
  lost: 6,
  /** What was waited for did not happen in time. */
  timedOut: 124,
  /** A command that it was to run is there, and cannot be run; as shells have it. */
  notExecutable: 126,
  /** There is no such command to run; as shells have it. */
  commandNotFound: 127,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/**
 * What a command can end with: one of these codes, or whatever a command line has ended with that it ran on somebody's
 * behalf.
 */
export type ExitCode = number;
