import type { Client, ClientOptions } from '@reeve/client';
import type { Reeve } from '@reeve/sdk';
import { clientTls } from './input/tls-files.ts';
import { colorsFor } from './output/colors.ts';
import { Output } from './output/output.ts';
import { interruptible } from './processes/interruptible.ts';
import { reach } from './processes/reach.ts';
import { type RawSettings, type Settings, settingsOf } from './settings.ts';

/** What a command works with: what it was told, where it writes, and what calls it off. */
export interface Context {
  readonly settings: Settings;
  readonly output: Output;
  /** Fires at Ctrl-C and SIGTERM. */
  readonly stop: AbortSignal;
  /** Fires at `stop`, and when nobody reads the output any more. */
  readonly signal: AbortSignal;
}

/** Gives a command its context. `stop` fires at the first signal to stop. */
export function contextOf(raw: RawSettings, stop: AbortSignal): Context {
  const { stdout, stderr, env } = process;
  const settings = settingsOf(raw, env);
  const isTTY = stdout.isTTY === true;
  const output = new Output({
    stdout,
    stderr,
    format: settings.format,
    colors: colorsFor({ isTTY, env }),
    columns: isTTY ? stdout.columns : undefined,
  });
  return { settings, output, stop, signal: AbortSignal.any([stop, output.gone]) };
}

/** Connects, does `work`, and disconnects. */
export async function withReeve<T>({ settings, stop }: Context, work: (reeve: Reeve) => Promise<T>): Promise<T> {
  const { connect } = await import('@reeve/sdk');
  const { connect: servers, root, auth, tls } = settings;
  const reeve = await interruptible(connect({ connect: servers, root, auth, ...clientTls(tls) }), stop);
  try {
    return await work(reeve);
  } finally {
    await reeve.close();
  }
}

/** Opens a session, which its owner closes. */
export async function openClient({ settings, stop }: Context, options: SessionOptions = {}): Promise<Client> {
  const { connect } = await import('@reeve/client');
  const { connect: servers, auth, tls } = settings;
  const secured = clientTls(tls);
  const connecting = reach(servers, () => connect({ ...options, servers, auth, ...secured }));
  return interruptible(connecting, stop);
}

/** What a command may choose for its session. */
export type SessionOptions = Omit<ClientOptions, 'servers' | 'auth' | 'tls'>;

/** Opens a session, does `work`, and closes the session. */
export async function withClient<T>(
  context: Context,
  work: (client: Client) => Promise<T>,
  options: SessionOptions = {},
): Promise<T> {
  const client = await openClient(context, options);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
