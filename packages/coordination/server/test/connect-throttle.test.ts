import { describe, expect, test } from '@jest/globals';
import { ConnectThrottle, type ConnectThrottleSettings, handshakeOf } from '../src/connect-throttle.ts';

const plain: ConnectThrottleSettings = {
  tokensMax: 3,
  fillTokens: 1,
  fillMs: 10,
  newSessionTokens: 1,
  renewalTokens: 1,
  drop: undefined,
};
const never = () => 0.999;

describe('a throttle of handshakes', () => {
  test('lets as many through at once as there are tokens, and then as fast as they come back', () => {
    const throttle = new ConnectThrottle(plain, 0, never);
    const admitted = [0, 0, 0, 0, 9, 10, 11, 40, 40, 40, 40].map((now) => throttle.admits('new_session', now));
    expect(admitted).toEqual([true, true, true, false, false, true, false, true, true, true, false]);
  });

  test('takes what each kind costs', () => {
    const throttle = new ConnectThrottle({ ...plain, tokensMax: 6, newSessionTokens: 3, renewalTokens: 2 }, 0, never);
    const kinds = ['new_session', 'renewal', 'renewal', 'new_session'] as const;
    expect(kinds.map((kind) => throttle.admits(kind, 0))).toEqual([true, true, false, false]);
  });

  test('refuses by chance the more, the longer there are no tokens, and the less, the longer there are', () => {
    const drop = { intervalMs: 100, increase: 0.5, decrease: 0.25, relief: 0 };
    let drawn = 0.4;
    const throttle = new ConnectThrottle({ ...plain, tokensMax: 1, fillMs: 1000, drop }, 0, () => drawn);
    expect(throttle.admits('new_session', 0)).toBe(true);
    // Empty: from now on half of all are refused, before tokens are asked for.
    expect(throttle.admits('new_session', 101)).toBe(false);
    expect(throttle.admits('new_session', 2000)).toBe(true);
    expect(throttle.admits('new_session', 4000)).toBe(true);
    drawn = 0.1;
    expect(throttle.admits('new_session', 8000)).toBe(true);
  });
});

describe('the first bytes of a client', () => {
  const hello = (session: bigint) => {
    const bytes = Buffer.alloc(49);
    bytes.writeInt32BE(45);
    bytes.writeBigInt64BE(session, 20);
    return bytes;
  };

  test.each([
    ['no session are of a new one', hello(0n), 'new_session'],
    ['a session are of one who is back', hello(0x1234n), 'renewal'],
    ['too little to tell are to be waited for', hello(0x1234n).subarray(0, 27), 'unknown'],
    ['a frame too short for a handshake are not waited for', Buffer.from([0, 0, 0, 4, 1]), 'new_session'],
  ])('that name %s', (_, bytes, kind) => {
    expect(handshakeOf(bytes)).toBe(kind);
  });
});
