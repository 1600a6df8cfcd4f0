import { codeOf } from '@reeve/base';
import type { ConfigFollower } from '@reeve/configuration';
import { ReeveError } from '@reeve/sdk';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import type { Pairs } from '../input/pairs.ts';
import { clientTls } from '../input/tls-files.ts';
import { configPath } from './config-place.ts';

/** How long a command waits for a coordinator, milliseconds, when it has no file to begin with. */
const REACH_MS_MAX = 15_000;

/** The options of commands that follow keys. */
export interface RawFollowing {
  readonly id?: string;
  readonly label?: Pairs;
  readonly known?: string;
}

/** Adds the options of commands that follow keys. */
export function withFollowing(command: Command): Command {
  return command
    .option('--id <id>', 'who follows, for roll-outs by share; the same each time (default: the host)')
    .option(
      '--known <file>',
      'keep the last known values in this file, and begin with them when no coordinator answers',
    );
}

/** Follows keys, over lost sessions too. Resolves when their values are known. Stop it. */
export async function startFollowing(
  { settings, signal }: Context,
  keys: readonly string[],
  { id, label, known }: RawFollowing,
): Promise<ConfigFollower> {
  const [{ createClient }, { ConfigFollower }] = await Promise.all([
    import('@reeve/client'),
    import('@reeve/configuration'),
  ]);
  const { connect: servers, auth, tls } = settings;
  const open = () => createClient({ servers, auth, ...clientTls(tls) });
  const follower = new ConfigFollower(open, {
    path: configPath(settings),
    follow: keys,
    ...(id !== undefined && { id }),
    ...(label !== undefined && { labels: label }),
    ...(known !== undefined && { file: known }),
  });
  try {
    await follower.start({ signal, timeoutMs: REACH_MS_MAX });
  } catch (error) {
    if (codeOf(error) !== 'deadline_exceeded') throw error;
    const advice =
      'Start one with "reeve up" or "reeve coordinator", or say where it is with --connect or REEVE_CONNECT.';
    throw new ReeveError({ code: 'unreachable', connect: servers, advice }, `no coordinator answers at ${servers}`);
  }
  return follower;
}
