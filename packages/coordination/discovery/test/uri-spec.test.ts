import { describe, expect, test } from '@jest/globals';
import { endpointOf } from '../src/instance/service-instance.ts';
import { partsOf, textOf, uriOf } from '../src/instance/uri-spec.ts';
import { instanceOf } from './instances.ts';

describe('the URI of an instance', () => {
  // The first three recorded from Curator 5.4's UriSpec.
  test.each([
    [{ uriSpec: '{scheme}://{address}:{port}' }, 'http://10.0.0.1:8080'],
    [
      {
        uriSpec: '{scheme}://{address}:{ssl-port}{name}{id}{service-type}{registration-time-utc}/{[}{]}',
        sslPort: 2,
        registeredAt: 9,
      },
      'https://10.0.0.1:2apii1dynamic9/{}',
    ],
    [{ uriSpec: '{port}x', port: undefined }, 'x'],
    [{}, 'http://10.0.0.1:8080'],
    [{ sslPort: 8443 }, 'https://10.0.0.1:8443'],
    [{ port: undefined }, 'http://10.0.0.1'],
    [{ uriSpec: '{unknown}-' }, '-'],
  ])('of %j is %s', (fields, uri) => {
    expect(uriOf(instanceOf('i1', fields))).toBe(uri);
  });

  test.each(['', 'plain', '{a}', 'x{a}y{b}', '{[}{]}', 'open { brace'])('%j is kept as parts', (text) => {
    expect(textOf(partsOf(text))).toBe(text);
  });

  test.each([
    [{ address: 'h', port: 80 }, 'h:80'],
    [{ address: '::1', port: 80 }, '[::1]:80'],
    [{ address: 'h', sslPort: 443 }, 'h:443'],
    [{ address: 'h' }, 'h'],
  ])('%j is reached at %s', (instance, endpoint) => {
    expect(endpointOf(instance)).toBe(endpoint);
  });
});
