import { expect, test } from '@jest/globals';
import { completeOptions } from '../src/client-options.ts';

test.each([
  ['the two thirds of a session that one server has', 'a:1', 6_000, 4_000],
  ['the share of one server among several', 'a:1,b:1,c:1', 9_000, 2_000],
  ['a quarter of a second at least', 'a:1,b:1', 300, 250],
  ['ten seconds at most, however long the session is', 'a:1', 60_000, 10_000],
])('a server may take to answer: %s', (_what, servers, sessionTimeoutMs, connectTimeoutMs) => {
  expect(completeOptions({ servers, sessionTimeoutMs })).toMatchObject({ connectTimeoutMs });
  expect(completeOptions({ servers, sessionTimeoutMs, connectTimeoutMs: 77 })).toMatchObject({ connectTimeoutMs: 77 });
});
