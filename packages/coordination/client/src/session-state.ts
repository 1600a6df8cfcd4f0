/**
 * The states of a session, as its owner sees them:
 *
 * ```
 *             connected          disconnected
 * connecting ──────────▶ connected ─────────▶ suspended
 *     │                   │    ▲                  │ │
 *     │                   │    └──── connected ───┘ │ expired
 *     │ auth_rejected     │                         ▼
 *     ├──────────────▶ auth_failed               expired
 *     │ closed
 *     └──────────▶ closed          (auth_rejected, expired and closed lead to their states from everywhere alive)
 * ```
 *
 * `connecting`: no server has granted a session yet. `suspended`: the session may live on at the servers, but none is
 * in touch; only a server can say that it has expired. `expired`, `closed` and `auth_failed` are final: a new session
 * needs a new client.
 */
export type SessionState = 'connecting' | 'connected' | 'suspended' | 'expired' | 'closed' | 'auth_failed';

/** What can happen to a session. */
export type SessionEvent =
  /** A server has granted the session, or taken it up again. */
  | 'connected'
  /** The connection, or an attempt at one, has failed. */
  | 'disconnected'
  /** A server has said that the session is over, or has answered with another one. */
  | 'expired'
  /** A server has refused an identity. */
  | 'auth_rejected'
  /** The owner has closed it. */
  | 'closed';

/** What follows what; a cell that names its own row changes nothing. */
export const nextState: Readonly<Record<SessionState, Readonly<Record<SessionEvent, SessionState>>>> = {
  connecting: {
    connected: 'connected',
    disconnected: 'connecting',
    expired: 'expired',
    auth_rejected: 'auth_failed',
    closed: 'closed',
  },
  connected: {
    connected: 'connected',
    disconnected: 'suspended',
    expired: 'expired',
    auth_rejected: 'auth_failed',
    closed: 'closed',
  },
  suspended: {
    connected: 'connected',
    disconnected: 'suspended',
    expired: 'expired',
    auth_rejected: 'auth_failed',
    closed: 'closed',
  },
  expired: final('expired'),
  closed: final('closed'),
  auth_failed: final('auth_failed'),
};

/** Whether nothing can follow this state. */
export function isFinal(state: SessionState): state is 'expired' | 'closed' | 'auth_failed' {
  return state === 'expired' || state === 'closed' || state === 'auth_failed';
}

function final(state: SessionState): Readonly<Record<SessionEvent, SessionState>> {
  return { connected: state, disconnected: state, expired: state, auth_rejected: state, closed: state };
}
