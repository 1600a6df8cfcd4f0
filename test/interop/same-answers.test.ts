import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  atTestEnd,
  type Engine,
  RawClient,
  type Said,
  startApacheZooKeeper,
  startReeveCoordinator,
} from '@reeve/testkit';
import { type Acl, addWatchModes, createFlags, type OpName, openAcl, permissions, watcherTypes } from '@reeve/wire';
import fc from 'fast-check';

/** Requests of one history; each history goes on with the znodes of the one before. */
const STEPS = 150;

type Asked = readonly [op: OpName, request: unknown];

// Bob has the password `pw`.
const bobs = 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=';

function acl(scheme: string, id: string, perms: number = permissions.all): readonly Acl[] {
  return [{ perms, id: { scheme, id } }];
}

const path = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('/f', '/f/a', '/f/b', '/f/a/x', '/f/a/y', '/f/a/x/q', '/f/e', '/f/s-') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('/f/', '/f/../a', '/f//a', 'x', '/', '/zookeeper', '/zookeeper/quota', '/ä'),
  },
);
const list = fc.oneof(
  { weight: 4, arbitrary: fc.constant(openAcl) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      acl('digest', bobs),
      [...acl('world', 'anyone', permissions.read), ...acl('digest', bobs)],
      acl('auth', ''),
      acl('ip', '127.0.0.1/8', permissions.read | permissions.write | permissions.delete),
      acl('ip', '10.0.0.0/8'),
      acl('ip', '1.2.3.4/33'),
      acl('digest', 'nocolon'),
      acl('bogus', 'x'),
      [],
    ),
  },
);
const version = fc.constantFrom(-1, -1, -1, 0, 1, 2, -2);
const data = fc.constantFrom(null, Buffer.from(''), Buffer.from('data'));
const flags = fc.constantFrom(0, 0, 0, 1, 2, 3, 7);
const ttlFlags = fc.constantFrom(createFlags.persistent_with_ttl, createFlags.persistent_sequential_with_ttl);
const ttl = fc.constantFrom(0, 10_000_000, 2 ** 40);

// Not compared, because Apache ZooKeeper 3.8 answers them in ways that nobody wants: a check outside a multi (no answer
// at all), create2 inside a multi (as create), deleteContainer (always refused), TTL -1 (the server ends itself).
const create = fc.record({ path, data, acl: list, flags });
const write = fc.oneof(
  { weight: 6, arbitrary: create.map((request): Asked => ['create', request]) },
  { weight: 4, arbitrary: fc.record({ path, version }).map((request): Asked => ['delete', request]) },
  { weight: 4, arbitrary: fc.record({ path, data, version }).map((request): Asked => ['setData', request]) },
);
const check = fc.record({ path, version }).map((request): Asked => ['check', request]);
const part = fc.oneof({ weight: 5, arbitrary: write }, { weight: 1, arbitrary: check });
const parts = fc
  .array(part, { maxLength: 5 })
  .map((all) => all.map(([op, request]) => ({ op, ...(request as object) })));

const reads = (watch: fc.Arbitrary<boolean>): fc.Arbitrary<Asked> =>
  fc
    .tuple(fc.constantFrom<OpName>('exists', 'getData', 'getChildren', 'getChildren2'), fc.record({ path, watch }))
    .map(([op, request]): Asked => [op, request]);
const others = fc.oneof(
  create.map((request): Asked => ['create2', request]),
  fc.record({ path, data, acl: list, flags: ttlFlags, ttl }).map((request): Asked => ['createTTL', request]),
  fc.record({ path, acl: list, version }).map((request): Asked => ['setACL', request]),
  parts.map((request): Asked => ['multi', request]),
  fc
    .array(fc.record({ op: fc.constantFrom('getData', 'getChildren'), path, watch: fc.constant(false) }), {
      maxLength: 4,
    })
    .map((request): Asked => ['multiRead', request]),
  fc
    .tuple(fc.constantFrom<OpName>('getACL', 'sync', 'getAllChildrenNumber'), fc.record({ path }))
    .map(([op, request]): Asked => [op, request]),
  fc.constantFrom('', '/', '/f/a', '/nowhere').map((prefixPath): Asked => ['getEphemerals', { prefixPath }]),
  fc.constant<Asked>(['whoAmI', {}]),
  fc.constant<Asked>(['reconfig', { joiningServers: '', leavingServers: '3', newMembers: '', curConfigId: -1 }]),
  fc.constant<Asked>(['auth', { type: 0, scheme: 'digest', auth: Buffer.from('bob:pw') }]),
  fc
    .record({ path, type: fc.constantFrom(...Object.values(watcherTypes), 9) })
    .map((request): Asked => ['removeWatches', request]),
);

// One client arms watches that fire once, the other persistent ones: both at one path of one connection replace each
// other in 3.8 (ZOOKEEPER-4466), and stand side by side in later versions and in Reeve.
const once = fc.oneof(
  { weight: 6, arbitrary: write },
  { weight: 5, arbitrary: reads(fc.boolean()) },
  { weight: 4, arbitrary: others },
  { weight: 1, arbitrary: missedSince().map((request): Asked => ['setWatches', request]) },
);
const lasting = fc.oneof(
  { weight: 6, arbitrary: write },
  { weight: 3, arbitrary: reads(fc.constant(false)) },
  { weight: 4, arbitrary: others },
  {
    weight: 2,
    arbitrary: fc
      .record({ path, mode: fc.constantFrom(...Object.values(addWatchModes), 2) })
      .map((request): Asked => ['addWatch', request]),
  },
  { weight: 1, arbitrary: armedBefore().map((request): Asked => ['setWatches2', request]) },
);
const step = fc.oneof(fc.tuple(fc.constant(0), once), fc.tuple(fc.constant(1), lasting));

function missedSince(): fc.Arbitrary<object> {
  const paths = fc.array(path, { maxLength: 2 });
  const relativeZxid = fc.constantFrom(0, 20, 100, 1_000_000);
  return fc.record({ relativeZxid, dataWatches: paths, existWatches: paths, childWatches: paths });
}

function armedBefore(): fc.Arbitrary<object> {
  const paths = fc.array(path, { maxLength: 2 });
  const none = { relativeZxid: 0, dataWatches: [], existWatches: [], childWatches: [] };
  return fc
    .record({ persistentWatches: paths, persistentRecursiveWatches: paths })
    .map((watches) => ({ ...none, ...watches }));
}

// A quota is set and taken away whole, on one path: 3.8 counts what it should not when only half of it is there, or one
// lies within another, until it starts anew.
const quota = '/zookeeper/quota/f/a';
const limits = fc
  .constantFrom(
    'count=2,bytes=4',
    'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2',
    'count=9,bytes=-1=;byteHardLimit=5;countHardLimit=-1',
    'count=1,bytes=1=;byteHardLimit=3;countHardLimit=1',
  )
  .map((text) => Buffer.from(text));

function whole(op: 'create' | 'delete', text?: Buffer): Asked {
  const rest = op === 'create' ? { acl: openAcl, flags: 0 } : { version: -1 };
  const part = (name: string, content: Buffer | null) => ({ op, path: `${quota}/${name}`, data: content, ...rest });
  return ['multi', [part('zookeeper_limits', text ?? null), part('zookeeper_stats', null)]];
}

const quotas = fc.oneof(
  fc
    .constantFrom('/zookeeper/quota/f', quota)
    .map((at): Asked => ['create', { path: at, data: null, acl: openAcl, flags: 0 }]),
  limits.map((text) => whole('create', text)),
  fc.constant(whole('delete')),
  limits.map((text): Asked => ['setData', { path: `${quota}/zookeeper_limits`, data: text, version: -1 }]),
  fc
    .constantFrom('zookeeper_limits', 'zookeeper_stats')
    .map((name): Asked => ['getData', { path: `${quota}/${name}`, watch: false }]),
  fc.constant<Asked>(['getData', { path: `${quota}/zookeeper_stats`, watch: true }]),
);
const limited = fc
  .oneof({ weight: 3, arbitrary: step }, { weight: 2, arbitrary: fc.tuple(fc.constant(0), quotas) })
  .filter(([, asked]) => !changesTwice(asked));

/** 3.8 weighs the second change of a multi by what the first one will have made of the znode; Reeve by what is there. */
function changesTwice([op, request]: Asked): boolean {
  const paths = op === 'multi' ? (request as { path: string }[]).map((one) => one.path) : [];
  return new Set(paths).size < paths.length;
}

/** One server with two clients. */
class Subject {
  readonly clients: readonly RawClient[];

  private constructor(clients: readonly RawClient[]) {
    this.clients = clients;
    for (const client of clients) atTestEnd(() => client.destroy());
  }

  static async of({ port }: Engine): Promise<Subject> {
    return new Subject([await RawClient.open(port), await RawClient.open(port)]);
  }

  /** Asks, then waits until both clients have heard whatever there was to hear. */
  async hear(who: number, [op, request]: Asked): Promise<string> {
    const said: Said[] = [await (this.clients[who] as RawClient).ask(op, request)];
    for (const client of this.clients) said.push(await client.ask('ping', {}));
    return this.#comparable(
      JSON.stringify(
        said.map((one) => ({ ...one, body: sorted(one.body) })),
        undefined,
        1,
      ),
    );
  }

  async leave(): Promise<void> {
    for (const client of this.clients) await client.ask('closeSession', {});
  }

  #comparable(text: string): string {
    const timeless = text.replaceAll(/"([cm])time": \d+/g, '"$1time": 0');
    return this.clients.reduce(
      (masked, { ticket }, n) => masked.replaceAll(ticket.sessionId, `session ${n}`),
      timeless,
    );
  }
}

/** Names and identities come in no particular order. */
function sorted(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(sorted);
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(
    Object.entries(body).map(([field, value]) => [
      field,
      ['children', 'clientInfo', 'ephemerals'].includes(field)
        ? [...value].map((one) => JSON.stringify(one)).sort()
        : value,
    ]),
  );
}

const always = [
  'DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
  'extendedTypesEnabled=true',
];
const settings = [
  { title: 'as they come', config: [], steps: step, seeds: 12 },
  {
    title: 'with access lists that bind nobody',
    config: ['skipACL=yes', 'reconfigEnabled=true'],
    steps: step,
    seeds: 4,
  },
  { title: 'with quotas that are enforced', config: ['enforceQuota=true'], steps: limited, seeds: 8 },
];

describe.each(settings)('Reeve and Apache ZooKeeper, $title,', ({ config, steps, seeds }) => {
  let engines: readonly Engine[];

  beforeAll(async () => {
    const options = { config: [...always, ...config] };
    engines = await Promise.all([startApacheZooKeeper(options), startReeveCoordinator(options)]);
  }, 60_000);

  // On a failure, the seed is in the title and the steps before it are the same every time.
  test.each(Array.from({ length: seeds }, (_, seed) => seed))(
    'say the same, zxids and notifications included, to the random requests of seed %i',
    async (seed) => {
      const subjects = await Promise.all(engines.map(Subject.of));
      for (const [who, asked] of fc.sample(steps, { seed, numRuns: STEPS })) {
        const heard = await Promise.all(subjects.map((subject) => subject.hear(who, asked)));
        expect({ asked, heard: heard[1] }).toEqual({ asked, heard: heard[0] });
      }
      for (const subject of subjects) await subject.leave();
    },
    60_000,
  );
});
