import { Sessions } from '@reeve/discovery';
import type { Context } from '../context.ts';
import { clientTls } from '../input/tls-files.ts';
import { interruptible } from '../processes/interruptible.ts';
import { reach } from '../processes/reach.ts';
import type { Settings } from '../settings.ts';

/** The znode under which the services are. */
export function servicesRoot({ root }: Settings): string {
  return `${root}/services`;
}

/** Does `work` in one session after the other: it goes on when one has expired. Closes the last one. */
export async function withSessions<T>(
  { settings, stop }: Context,
  work: (sessions: Sessions) => Promise<T>,
  options: { readonly sessionTimeoutMs?: number | undefined } = {},
): Promise<T> {
  const { connect } = await import('@reeve/client');
  const { connect: servers, auth, tls } = settings;
  const { sessionTimeoutMs } = options;
  const client = { servers, auth, ...clientTls(tls), ...(sessionTimeoutMs !== undefined && { sessionTimeoutMs }) };
  const opening = reach(servers, () => Sessions.open(() => connect(client)));
  const sessions = await interruptible(opening, stop);
  try {
    return await work(sessions);
  } finally {
    await sessions.close();
  }
}
