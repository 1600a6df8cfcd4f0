import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeInstance, encodeInstance } from '../src/instance/instance-record.ts';
import type { ServiceInstance } from '../src/instance/service-instance.ts';
import { instanceOf } from './instances.ts';

const place = { service: 'api', id: 'i1' };
const read = (text: string) => decodeInstance(place, Buffer.from(text));

describe('the record of an instance', () => {
  test('of a plain instance is what Curator writes, field by field', () => {
    const instance = instanceOf('i1', { metadata: { k: 'v' }, uriSpec: '{scheme}://{address}' });
    // Recorded from Curator 5.4's JsonInstanceSerializer, but for the "@class" of the payload.
    expect(encodeInstance(instance).toString()).toBe(
      '{"name":"api","id":"i1","address":"10.0.0.1","port":8080,"sslPort":null,"payload":{"k":"v"},' +
        '"registrationTimeUTC":1700000000000,"serviceType":"DYNAMIC","uriSpec":{"parts":[' +
        '{"value":"scheme","variable":true},{"value":"://","variable":false},{"value":"address","variable":true}]}}',
    );
  });

  test('says ours beside that, and that it is disabled, only where there is something to say', () => {
    const instance = instanceOf('i1', { state: 'draining', weight: 3, load: 0.5, labels: { zone: 'a' } });
    expect(JSON.parse(encodeInstance(instance).toString())).toMatchObject({
      enabled: false,
      reeve: { state: 'draining', weight: 3, load: 0.5, labels: { zone: 'a' } },
    });
  });

  test('is read as it was written', () => {
    const arbitrary: fc.Arbitrary<ServiceInstance> = fc.record({
      service: fc.constant('api'),
      id: fc.constant('i1'),
      address: fc.string({ minLength: 1 }),
      port: fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined }),
      sslPort: fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined }),
      metadata: fc.oneof(fc.constant(null), fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true })),
      labels: fc.dictionary(fc.stringMatching(/^[a-z]+$/), fc.string(), { noNullPrototype: true }),
      weight: fc.double({ min: 0.001, max: 1_000, noNaN: true }),
      load: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }).map(Math.abs), { nil: undefined }),
      state: fc.constantFrom('up', 'down', 'draining'),
      registeredAt: fc.integer({ min: 0 }),
      uriSpec: fc.option(fc.constantFrom('{scheme}://{address}:{port}/x', 'plain', '{[}{name}{]}'), { nil: undefined }),
      serviceType: fc.constantFrom('DYNAMIC', 'STATIC', 'PERMANENT'),
    });
    fc.assert(
      fc.property(arbitrary, (instance) => {
        expect(decodeInstance(place, encodeInstance(instance))).toEqual({ ok: true, instance });
      }),
    );
  });

  test.each([
    ['its own payload', '{"address":"h","payload":{"@class":"T$P","n":3}}', { metadata: { '@class': 'T$P', n: 3 } }],
    ['a text for payload', '{"address":"h","payload":"p"}', { metadata: 'p' }],
    ['nulls', '{"address":"h","port":null,"sslPort":null,"payload":null,"uriSpec":null}', { metadata: null }],
    ['enabled false', '{"address":"h","enabled":false}', { state: 'down' }],
    ['fields that nobody knows', '{"address":"h","more":1,"reeve":{"weight":2,"more":1}}', { weight: 2 }],
    ['another name and id than the znode', '{"address":"h","name":"x","id":"y"}', { service: 'api', id: 'i1' }],
  ])('of a foreign program is understood: %s', (_what, text, expected) => {
    expect(read(text)).toMatchObject({ ok: true, instance: expected });
  });

  test.each([
    ['', 'it is empty'],
    ['hello', 'it is not JSON'],
    ['7', 'the record'],
    ['{}', 'address'],
    ['{"address":""}', 'address'],
    ['{"address":"h","port":70000}', 'port'],
    ['{"address":"h","reeve":{"weight":0}}', 'reeve.weight'],
    ['{"address":"h","serviceType":"odd"}', 'serviceType'],
  ])('that is none is refused with a reason: %j', (text, reason) => {
    expect(read(text)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });

  test('never fails, whatever is read', () => {
    const text = fc.oneof(fc.json(), fc.string());
    fc.assert(fc.property(text, (some) => expect(typeof read(some).ok).toBe('boolean')));
  });
});
