import { expect, test } from '@jest/globals';
import { seededRandom } from '@reeve/testkit';
import { HostRing, parseConnectString } from '../src/hosts.ts';

test.each([
  ['localhost', [{ host: 'localhost', port: 2181 }], ''],
  [
    'a:1,b:65535',
    [
      { host: 'a', port: 1 },
      { host: 'b', port: 65_535 },
    ],
    '',
  ],
  [
    'a:1 , b:2/app',
    [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ],
    '/app',
  ],
  [
    '[::1]:2182,[fe80::1%eth0]',
    [
      { host: '::1', port: 2182 },
      { host: 'fe80::1%eth0', port: 2181 },
    ],
    '',
  ],
  ['10.0.0.1:2181/', [{ host: '10.0.0.1', port: 2181 }], ''],
  ['zk-0.zk.svc:2181/a/b', [{ host: 'zk-0.zk.svc', port: 2181 }], '/a/b'],
])('understands %s', (text, hosts, chroot) => {
  expect(parseConnectString(text)).toEqual({ hosts, chroot });
});

test.each([
  ['', 'is not host:port'],
  ['a:1,,b:2', '"" is not host:port'],
  ['a:port', 'is not host:port'],
  ['::1:2181', 'write IPv6 as [::1]:2181'],
  ['a:0', 'there is no port 0'],
  ['a:65536', 'there is no port 65536'],
  ['a:1/app/', 'must not end with /'],
  ['a:1/app//x', 'must not hold an empty name'],
])('refuses %j and says why', (text, why) => {
  expect(() => parseConnectString(text)).toThrow(
    expect.objectContaining({ code: 'invalid_argument', message: expect.stringContaining(why) }),
  );
});

test('goes round all servers before it asks one again, in an order drawn by chance', () => {
  const hosts = ['a', 'b', 'c', 'd'].map((host) => ({ host, port: 1 }));
  const orders = new Set<string>();
  for (let seed = 0; seed < 50; seed += 1) {
    const ring = new HostRing(hosts, seededRandom(seed));
    const round = () => hosts.map(() => ring.next().host).join('');
    const first = round();
    expect([...first].sort().join('')).toBe('abcd');
    expect(round()).toBe(first);
    orders.add(first);
  }
  expect(orders.size).toBeGreaterThan(10);
});
