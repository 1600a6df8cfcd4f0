import { expect, test } from '@jest/globals';
import { Chroot } from '../src/chroot.ts';

test.each([
  ['', '/', '/'],
  ['', '/a', '/a'],
  ['/app', '/', '/app'],
  ['/app', '/a', '/app/a'],
  ['/app', '/app', '/app/app'],
])('under the chroot %j the client says %s and the server %s', (prefix, client, server) => {
  const chroot = new Chroot(prefix);
  expect(chroot.toServer(client)).toBe(server);
  expect(chroot.toClient(server)).toBe(client);
});

test('a path outside the chroot stays as it is', () => {
  expect(new Chroot('/app').toClient('/apple')).toBe('/apple');
  expect(new Chroot('/app').toClient('/other')).toBe('/other');
});
