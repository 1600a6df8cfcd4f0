import { expect, test } from '@jest/globals';
import { isFinal, nextState, type SessionEvent, type SessionState } from '../src/session-state.ts';

const expected: Record<SessionState, Record<SessionEvent, SessionState>> = {
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
  expired: {
    connected: 'expired',
    disconnected: 'expired',
    expired: 'expired',
    auth_rejected: 'expired',
    closed: 'expired',
  },
  closed: {
    connected: 'closed',
    disconnected: 'closed',
    expired: 'closed',
    auth_rejected: 'closed',
    closed: 'closed',
  },
  auth_failed: {
    connected: 'auth_failed',
    disconnected: 'auth_failed',
    expired: 'auth_failed',
    auth_rejected: 'auth_failed',
    closed: 'auth_failed',
  },
};

test('every event leads from every state where the table says', () => {
  expect(nextState).toEqual(expected);
});

test('a state is final when nothing leads out of it', () => {
  for (const [state, row] of Object.entries(expected)) {
    const stays = Object.values(row).every((next) => next === state);
    expect([state, isFinal(state as SessionState)]).toEqual([state, stays]);
  }
});
