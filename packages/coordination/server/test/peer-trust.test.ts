import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CertificateAuthority, eventually, temporaryDirectory } from '@reeve/testkit';
import type { MemberId } from '@reeve/zab';
import type { PeerTlsConfig } from '../src/peers/ensemble-config.ts';
import { handshakeDefaults } from '../src/security/security-config.ts';
import { membershipOf, Party } from './party.ts';

let authority: CertificateAuthority;

beforeAll(() => {
  authority = new CertificateAuthority();
});

function secretFile(secret: string, mode = 0o600): string {
  const file = join(temporaryDirectory(), 'secret');
  writeFileSync(file, secret);
  chmodSync(file, mode);
  return file;
}

function tls(changes: Partial<PeerTlsConfig> = {}, issuer = authority): PeerTlsConfig {
  const store = { type: undefined, password: '', passwordPath: undefined };
  return {
    keyStore: {
      ...store,
      setting: 'ssl.quorum.keyStore.location',
      location: issuer.issue({ subject: '/CN=member' }).both,
    },
    trustStore: { ...store, setting: 'ssl.quorum.trustStore.location', location: authority.cert },
    clientAuth: 'need',
    versionMin: 'TLSv1.2',
    versionMax: 'TLSv1.3',
    ciphers: undefined,
    ...handshakeDefaults,
    reload: 'never',
    hostNames: 'checked',
    ...changes,
  };
}

interface Means {
  readonly secret?: string;
  readonly tls?: PeerTlsConfig;
}

async function pair(first: Means, second: Means): Promise<[Party, Party]> {
  const membership = await membershipOf([1, 2]);
  const start = (id: MemberId, { secret, tls: own }: Means) => {
    const file = secret === undefined ? undefined : secretFile(secret);
    return Party.start(id, membership, { config: { security: { secretFile: file, tls: own } } });
  };
  return [await start(1, first), await start(2, second)];
}

/** Neither lets the other in, by either port, and the first says so. */
async function apart([first, second]: [Party, Party], reason: string): Promise<void> {
  second.notify(1, 1);
  second.dial(1);
  await eventually(() => first.warnings.join('\n').includes(reason), { what: `the first says: ${reason}` });
  await eventually(() => second.warnings.length > 0, { what: 'the second says something too' });
  expect([first.links, first.notifications, second.links]).toEqual([[], [], []]);
}

async function together([first, second]: [Party, Party]): Promise<void> {
  second.notify(1, 1);
  await second.follow(first);
  second.say('hello');
  await first.hasHeard('hello');
  await eventually(() => first.notifications.length > 0, { what: 'the vote came' });
  expect([first.warnings, second.warnings]).toEqual([[], []]);
}

const secret = 'a secret of enough bytes';

describe('a shared secret', () => {
  test('lets in those who have it, whatever ends its line', async () => {
    await together(await pair({ secret }, { secret: `${secret}\n` }));
  });

  test.each([
    ['another', `${secret}!`, 'its ensemble secret is another'],
    ['none', undefined, 'it was told no ensemble secret, and this member was'],
  ])('keeps out those who have %s', async (_, other, reason) => {
    await apart(await pair({ secret }, other === undefined ? {} : { secret: other }), reason);
  });

  test('that only one of them was told keeps both apart', async () => {
    await apart(await pair({}, { secret }), 'it was told an ensemble secret, and this member was not');
  });

  test('is refused when it is short, or not there', async () => {
    const membership = await membershipOf([1, 2]);
    const start = (file: string) =>
      Party.start(1, membership, { config: { security: { secretFile: file, tls: undefined } } });
    await expect(start(secretFile('too short\n'))).rejects.toMatchObject({
      message: expect.stringMatching(/^reeve.ensembleSecretFile=.*at least 16 bytes .* "openssl rand -hex 32"$/),
    });
    await expect(start('/no/secret')).rejects.toMatchObject({ code: 'security_file_unreadable' });
  });

  test('that others may read is worth a warning', async () => {
    const config = { security: { secretFile: secretFile(secret, 0o644), tls: undefined } };
    const { warnings } = await Party.start(1, await membershipOf([1, 2]), { config });
    expect(warnings.join()).toContain('others may read the ensemble secret: "chmod 600');
  });
});

describe('TLS between members', () => {
  test('lets in those whose certificates the other trusts', async () => {
    await together(await pair({ tls: tls() }, { tls: tls() }));
  });

  test('may be had with a secret too', async () => {
    await together(await pair({ secret, tls: tls() }, { secret, tls: tls() }));
  });

  test('does not stand in for the secret', async () => {
    await apart(await pair({ secret, tls: tls() }, { tls: tls() }), 'it was told no ensemble secret');
  });

  test('keeps out those with a certificate of a stranger', async () => {
    const stranger = tls({}, new CertificateAuthority('Stranger'));
    const [first, second] = await pair({ tls: tls() }, { tls: stranger });
    second.dial(1);
    second.notify(1, 1);
    await eventually(() => first.warnings.join().includes('its certificate is not good'), {
      what: 'the first says so',
    });
    expect([first.links, first.notifications]).toEqual([[], []]);
  });

  test('and none do not meet', async () => {
    const [first, second] = await pair({ tls: tls() }, {});
    second.dial(1);
    await eventually(() => first.warnings.join().includes('while it began TLS'), { what: 'the first says so' });
    expect([first.links, second.links]).toEqual([[], []]);
  });
});

describe('nothing of all that', () => {
  test('is worth a warning when members are not on this machine alone', async () => {
    const membership = await membershipOf([1, 2]);
    const [one] = membership.members;
    const away = { id: 2, role: 'participant', place: '192.0.2.1:2888:3888' } as const;
    const members = one === undefined ? [] : [one, away];
    const { warnings } = await Party.start(1, { version: 0, members });
    expect(warnings[0]).toMatch(/^whoever reaches the ports of members may pass for one: set reeve.ensembleSecretFile/);
    expect((await Party.start(2, membership)).warnings).toEqual([]);
  });
});

describe('an id', () => {
  test('of this member itself is nobody else: myid is on two machines', async () => {
    const membership = await membershipOf([1, 2]);
    const first = await Party.start(1, membership);
    const twin = await Party.start(1, { version: 0, members: (await membershipOf([1, 2])).members });
    const leader = { id: 2, role: 'participant', place: first.place } as const;
    twin.peers.reconfigured({ version: 1, members: [leader] });
    twin.dial(2);
    await eventually(() => first.warnings.join().includes('it looked for another member at this address'), {
      what: 'the first says so',
    });
    await eventually(() => twin.warnings.join().includes('it said of this member: it looked for another'), {
      what: 'the other is told why',
    });
  });

  test('that is looked for at the address of another is not found there', async () => {
    const membership = await membershipOf([1, 2, 3]);
    const first = await Party.start(1, membership);
    const third = await Party.start(3, membership);
    third.peers.reconfigured({ version: 1, members: [{ id: 2, role: 'participant', place: first.place }] });
    third.notify(2, 1);
    await eventually(() => first.warnings.length > 0, { what: 'the first says so' });
    expect(first.notifications).toEqual([]);
  });
});
